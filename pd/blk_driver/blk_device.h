/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a disk's device is to its driver: one file for each kind, chosen by the linker (blk_device_of_program).
 * It moves data by itself between the disk and pieces of memory that the driver has checked.
 *
 * Whatever a device says is checked. An error other than the ones named here means that it broke its rules,
 * or does not answer: it must then be stopped, and may be started again. Times are in ticks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/blk/blk_protocol.h"
#include "lib/virtq_driver/mmio_transport.h"

/** Requests in flight, at most. */
#define BLK_DRIVER_SLOTS 64u

/** No time at all. */
#define BLK_DRIVER_NEVER UINT64_MAX

/** What a device needs to start. Copied. */
struct blk_device_setup {
    struct mmio_transport registers;
    void *own;          /**< zeroed memory shared with the device, page-aligned */
    uint64_t own_paddr; /**< where the device finds it */
    uint64_t own_bytes; /**< ops->own_bytes at least */
    uint64_t hz;        /**< ticks in a second; 0 if the device needs none */
};

/** A piece of memory as the device sees it. */
struct blk_device_piece {
    uint64_t paddr;
    uint32_t bytes;
};

/** A request on its way to the device. */
struct blk_device_request {
    const struct blk_request *request; /**< checked */
    struct blk_device_piece pieces[BLK_MAX_SEGMENTS];
    uint16_t slot; /**< which one it is, less than BLK_DRIVER_SLOTS and not in use */
};

struct blk_device_ops {
    uint64_t own_bytes;
    /**
     * Reset the device and bring it up, with nothing in its queue; `own` is zeroed. It may take until later:
     * *info has BLK_INFO_ALIVE once it is ready. Errors: ERR_UNSUPPORTED (no such device there), ERR_STATE (it
     * refuses).
     */
    enum err (*start)(void *device, const struct blk_device_setup *setup, uint64_t now,
                      struct blk_info *info);
    /** It gives all memory back. start() may follow. */
    void (*stop)(void *device);
    /**
     * Take note of the interrupts that there are, and of the time. ERR_IO: it must be reset. *changed is set
     * if it is ready now, or another than it was; *info is up to date then.
     */
    enum err (*interrupts)(void *device, uint64_t now, struct blk_info *info, bool *changed);
    /** Give it a request. ERR_SPACE: not before another is done. Other errors: it cannot do that one. */
    enum err (*submit)(void *device, const struct blk_device_request *request, uint64_t now);
    /** A request that is done: its slot, and enum blk_status. ERR_EMPTY: none. */
    enum err (*take)(void *device, uint16_t *slot, uint32_t *status);
    /** Requests have been added: the device may look. */
    void (*kick)(void *device);
    /** Ask for an interrupt when a request is done. True if one is by now. */
    bool (*await)(void *device);
    /** When to call interrupts() if nothing happens before, or BLK_DRIVER_NEVER. */
    uint64_t (*deadline)(const void *device);
};

/** A device. */
struct blk_device {
    const struct blk_device_ops *ops;
    void *device;
};

/** The device that the program is for. */
extern const struct blk_device blk_device_of_program;
