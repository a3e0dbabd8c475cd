/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A Cadence GEM for tests of its driver: registers, rings of descriptors in memory, and a PHY at an address. What
 * the driver sends is kept; what comes is what the test says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GEM_MOCK_KEPT 512u
#define GEM_MOCK_KEPT_BYTES 2048u
#define GEM_MOCK_PHY 12u

/** A frame that was sent. */
struct gem_mock_frame {
    uint32_t bytes, pieces;
    uint8_t data[GEM_MOCK_KEPT_BYTES];
};

struct gem_mock {
    uint8_t *memory; /**< that it may access */
    uint64_t memory_paddr, memory_bytes;
    uint32_t registers[0x800 / 4];
    uint32_t enabled;         /**< interrupts */
    uint32_t rx_at, tx_at;    /**< addresses of the next descriptors */
    bool is_absent, has_link; /**< of the PHY's */
    bool has_no_phy;
    bool is_slow;        /**< the partner does 100 Mbit/s */
    bool phy_never_idle; /**< messages to the PHY do not end */
    bool holds;          /**< nothing is sent */
    uint32_t send_error; /**< GEM_TX_ERRORS for the next frame */
    struct gem_mock_frame sent[GEM_MOCK_KEPT];
    uint32_t sent_count;
};

/** Registers, for struct mmio_transport; `context` is the card. */
uint32_t gem_mock_read(void *context, uint32_t offset);
void gem_mock_write(void *context, uint32_t offset, uint32_t value);

/** A frame comes, in `pieces` (1 or 2) buffers. False if there is none for it. */
bool gem_mock_receive(struct gem_mock *card, const void *frame, uint32_t bytes, uint32_t pieces);
/** Send what there is to send. */
void gem_mock_run(struct gem_mock *card);
/** Whether the interrupt line is up. */
bool gem_mock_interrupts(const struct gem_mock *card);
