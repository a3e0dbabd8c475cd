/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A disk's driver: serves the requests of lib/blk/blk_protocol.h over a link to the block server, with a device
 * (blk_device.h) that is a virtio block device or an SD card.
 *
 * The device moves the data itself, between the disk and the DMA regions that the configuration lists; a
 * request that names a byte outside them is refused here, whoever sent it. Each request in flight has a slot;
 * a slot is free again once its reply is in the link, so replies always have a place to wait.
 *
 * A device that breaks the rules, asks for a reset or leaves a request undone for too long is reset and set
 * up again: what is in flight fails, what comes later is served again. It gets BLK_DRIVER_RESTARTS such
 * attempts until it does a request; then it is left alone, like one that wasn't there at the start, and all
 * that comes fails.
 *
 * Times are in ticks of whatever clock the caller has.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/blk/blk_protocol.h"
#include "lib/config/blk_config.h"
#include "lib/ring/ring.h"
#include "pd/blk_driver/blk_device.h"

/** Attempts to bring a failed device back, without a request done in between. */
#define BLK_DRIVER_RESTARTS 5u

/** Memory that the device may access. */
struct blk_region {
    uint64_t paddr;
    uint64_t bytes;
};

/** What blk_driver_init() needs. Copied. */
struct blk_driver_setup {
    struct blk_device device;
    struct blk_device_setup device_setup;
    const struct blk_region *regions;
    uint32_t region_count; /**< BLK_DRIVER_MAX_REGIONS at most */
    uint64_t timeout;      /**< for a request, and between attempts to bring it back, in ticks; 0: none */
};

enum blk_slot_state {
    BLK_SLOT_FREE = 0,
    BLK_SLOT_BUSY,   /**< the device has it */
    BLK_SLOT_ORPHAN, /**< likewise, but nobody waits for it any more */
    BLK_SLOT_DONE    /**< its reply waits for room in the link */
};

struct blk_slot {
    enum blk_slot_state state;
    uint32_t status; /**< enum blk_status */
    uint64_t tag;
    uint64_t deadline; /**< for the device, BLK_DRIVER_NEVER: none */
};

/** A driver. Large: keep it static. Private to blk_driver.c except for its size, and `info`. */
struct blk_driver {
    struct blk_device device;
    struct blk_device_setup setup;
    struct blk_region regions[BLK_DRIVER_MAX_REGIONS];
    uint32_t region_count;
    struct ring link;
    struct blk_info info;
    bool alive;
    bool info_due;   /**< the server must be sent `info` */
    bool queue_full; /**< the device has no room for the request at hand */
    struct blk_slot slots[BLK_DRIVER_SLOTS];
    uint32_t busy_count;
    uint32_t done_count;
    uint64_t timeout;
    uint64_t now;
    uint64_t check_at; /**< not before then can a request be late, or is it time for another attempt */
    uint32_t restarts; /**< attempts since the device last did a request */
    struct blk_request request; /**< the one in hand */
    struct blk_device_request order;
    struct log_limit complaints;
    struct log_limit failures;
};

/**
 * Set up our side of the link and the device. A device that cannot be used is logged and no error: requests
 * then fail. Errors: those of ring_init(), ERR_RANGE (setup too small).
 */
ERR_CHECKED enum err blk_driver_init(struct blk_driver *driver, const struct blk_driver_setup *setup,
                                     void *link_own, const void *link_peer, uint32_t link_bytes,
                                     uint64_t now);

/**
 * The device interrupted, the link was notified or time has passed: do what can be done. Returns true if the
 * server must be notified. An interrupt may be acknowledged afterwards, if the device is alive then.
 */
bool blk_driver_run(struct blk_driver *driver, uint64_t now);

/** When to run again if nothing happens before, or BLK_DRIVER_NEVER. */
uint64_t blk_driver_deadline(const struct blk_driver *driver);

/** Whether the device is at work. One that isn't may hold its interrupt line up for good. */
bool blk_driver_is_alive(const struct blk_driver *driver);
