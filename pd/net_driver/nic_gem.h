/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Cadence's GEM, the network card of Zynq UltraScale+ and Versal, with its PHY on MDIO. Frames come whoever they
 * are for, and are scattered and gathered where they lie.
 *
 * The card fills in checksums of TCP and UDP over IPv4, which it does for every such frame that it sends, whether
 * that was left to it or not. All others are computed here: the part of a frame up to its checksum is then sent from
 * memory of our own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/net_driver/gem_registers.h"
#include "pd/net_driver/nic.h"

#define NIC_GEM_FRAMES 128u
/** Pieces to send: a frame has two at most. */
#define NIC_GEM_PIECES (2u * NIC_GEM_FRAMES)
/** The part of a frame up to its checksum, at most: behind it a checksum cannot be computed. */
#define NIC_GEM_HEAD_BYTES 192u

/** The card. Private to nic_gem.c except for its size. */
struct nic_gem {
    struct mmio_transport registers;
    volatile struct gem_descriptor *rx, *tx; /**< in memory shared with the card */
    uint8_t (*heads)[NIC_GEM_HEAD_BYTES];    /**< by number of frame, modulo; likewise */
    uint32_t heads_paddr;
    uint32_t rx_added, rx_taken; /**< buffers so far */
    uint32_t tx_added, tx_taken; /**< pieces so far */
    uint32_t frames_added, frames_taken;
    uint8_t pieces[NIC_GEM_FRAMES]; /**< of each frame, by number modulo */
    uint32_t config;                /**< of the register of that name */
    uint32_t buffer_bytes;
    bool has_sent, has_buffers; /**< since the last kick() */
    uint32_t phy;               /**< its address; 32: there is none */
    uint32_t calls;             /**< of interrupts(), for looks at the link */
    bool has_link;
};

/** What such a card can do; the context is a struct nic_gem. */
extern const struct nic_ops nic_gem_ops;
