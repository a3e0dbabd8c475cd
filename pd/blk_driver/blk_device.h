/* SPDX-License-Identifier: BSD-2-Clause */
/** The device's registers: bringing it up, what it is like, and its interrupts. Part of blk_driver. */
#pragma once

#include "lib/virtio/spec_blk.h"
#include "pd/blk_driver/blk_driver.h"

/**
 * Reset the device and bring it up with `memory` for its queue; fills driver->queue, info, features.
 * Errors: ERR_UNSUPPORTED (no modern virtio block device there), ERR_STATE (it refuses features or queue),
 * and those of virtq_driver_init().
 */
ERR_CHECKED enum err blk_device_start(struct blk_driver *driver, void *memory, uint64_t paddr);

/** Stop it: it gives the memory back. blk_device_start() may follow. */
void blk_device_stop(struct blk_driver *driver);

/**
 * Take note of the interrupts there are. Returns ERR_IO if the device asks for a reset; *changed is set if
 * its config space changed, and info is then up to date.
 */
ERR_CHECKED enum err blk_device_interrupts(struct blk_driver *driver, bool *changed);

/** Tell the device that there are requests. */
void blk_device_kick(const struct blk_driver *driver);
