/* SPDX-License-Identifier: BSD-2-Clause */
/** What a virtual switch has done since it started: a page that it writes and the stats PD reads. */
#pragma once

#include <stdint.h>

/** Indices of the counters. They only grow. */
enum vswitch_stat {
    VSWITCH_STAT_RUNS = 0, /**< wake-ups with a look at every port */
    VSWITCH_STAT_BATCHES,  /**< turns of a port in which frames moved: one notification a destination each */
    VSWITCH_STAT_FRAMES,   /**< frames that left their source's buffers, delivered or dropped */
    VSWITCH_STAT_COPIES,   /**< times that a frame was copied: once for each destination, more to finish it */
    VSWITCH_STAT_COPIED_BYTES,  /**< bytes of these */
    VSWITCH_STAT_SOFT_OFFLOADS, /**< frames whose checksum or segments the switch made */
    VSWITCH_STAT_DROPPED,       /**< frames that a destination or everybody went without */
    VSWITCH_STAT_HELD,          /**< frames that had to wait for their destination */
    VSWITCH_STAT_NOTIFIED,      /**< notifications to ports */
    VSWITCH_STAT_COUNT
};

/** The page. A reader may see one counter ahead of another. */
struct vswitch_stats {
    uint64_t values[VSWITCH_STAT_COUNT];
};
