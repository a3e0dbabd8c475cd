/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The MSI-X table and pending bits of a function (PCI Local Bus 3.0, section 6.8.2). A vector that is masked,
 * by itself or with the whole function, is remembered in its pending bit and sent once it is unmasked.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vmm_config.h"
#include "vmm/bus/mmio.h"
#include "vmm/vgic/gicv2m.h"

#define MSIX_MAX_VECTORS VMM_CONFIG_MAX_VECTORS
#define MSIX_ENTRY_BYTES 16u

/** Bits of message control (6.8.2.3); the size field is the number of vectors less one. */
#define MSIX_CONTROL_ENABLE 0x8000u
#define MSIX_CONTROL_MASK 0x4000u

/** One row of the table (6.8.2.6 to 6.8.2.9). */
struct msix_entry {
    uint64_t address;
    uint32_t data;
    bool masked;
};

/** One function's vectors. */
struct msix {
    const struct gicv2m *frame;
    uint32_t count;
    bool enabled;
    bool masked; /**< the whole function */
    struct msix_entry entries[MSIX_MAX_VECTORS];
    uint32_t pending;  /**< bit n: vector n */
    uint32_t deferred; /**< bit n: a message of vector n may still be on its way */
};

/** `count` vectors (at most MSIX_MAX_VECTORS) whose messages go to `frame`, which must outlive them. */
void msix_init(struct msix *msix, uint32_t count, const struct gicv2m *frame);

/** Disabled, all vectors masked and none pending. */
void msix_reset(struct msix *msix);

/** Message control has been written. What becomes unmasked and is pending is sent. */
void msix_set_control(struct msix *msix, bool enabled, bool masked);

/** Send vector `vector`, or remember it while it is masked. Vectors that don't exist are ignored. */
void msix_notify(struct msix *msix, uint32_t vector);

/** The same, but the message may be up to `delay_us` late. It does not come after the vector was masked or
 * changed. */
void msix_notify_deferred(struct msix *msix, uint32_t vector, uint32_t delay_us);

/** The SPI that vector `vector` pends now, GICV2M_NONE: none, because it is masked, disabled or wrong. */
uint32_t msix_spi(const struct msix *msix, uint32_t vector);

/**
 * An access to the table: 32 bits, or 64 bits (6.8.2), naturally aligned; others read as zero and are not
 * stored. `access->offset` is from its start.
 */
void msix_access_table(struct msix *msix, struct mmio_access *access);

/** A load from the pending bits; stores are dropped. */
void msix_access_pending(const struct msix *msix, struct mmio_access *access);
