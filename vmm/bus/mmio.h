/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Dispatch of a guest's loads and stores to emulated devices.
 *
 * Every device gets the same `struct mmio_access` and answers with the same enum, so that a device is a plain
 * function of its state, and tests and fuzzers call it directly.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"

/** Regions of one virtual machine: each device, the distributor, and some to spare for a transport's own. */
#define MMIO_MAX_REGIONS (VMM_CONFIG_MAX_DEVICES + 16u)

/** One load or store. */
struct mmio_access {
    uint64_t offset;      /**< from the start of the region */
    uint64_t value;       /**< stores: zero-extended; loads: the device's answer, 0 before */
    uint32_t width_bytes; /**< 1, 2, 4 or 8 */
    uint32_t vcpu;        /**< who */
    bool is_write;
};

/** What became of an access. */
enum mmio_result {
    MMIO_DONE,      /**< complete; a load has its value */
    MMIO_UNCLAIMED, /**< no region there */
    MMIO_ERROR      /**< the device refuses; the guest gets an external abort */
};

/** A device's handler. `context` is what was given to mmio_add(). */
typedef enum mmio_result mmio_handler(void *context, struct mmio_access *access);

/** A window of guest-physical addresses. */
struct mmio_region {
    uint64_t base;
    uint64_t bytes;
    mmio_handler *handler;
    void *context;
};

/** All windows of a virtual machine, sorted by address. Zero-initialised: empty. */
struct mmio_map {
    struct mmio_region regions[MMIO_MAX_REGIONS];
    uint32_t count;
};

/**
 * Add a window. `context` stays the caller's.
 * Errors: ERR_RANGE (empty, wraps, or overlaps another), ERR_SPACE.
 */
ERR_CHECKED enum err mmio_add(struct mmio_map *map, uint64_t base, uint64_t bytes, mmio_handler *handler,
                              void *context);

/**
 * Hand `access` (except for its offset, which is set here) at `gpa` to its device. An access that begins in a
 * window but does not end in it is unclaimed.
 */
enum mmio_result mmio_dispatch(const struct mmio_map *map, uint64_t gpa, struct mmio_access *access);
