/* SPDX-License-Identifier: BSD-2-Clause */
/** What a virtual switch has done since it started: pages that it writes and the stats PD reads. */
#pragma once

#include <stdint.h>

#include "lib/config/vswitch_config.h"

/** Indices of the switch's own counters. They only grow. */
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

/** Why a frame was dropped. All but FULL and TOO_LONG, and RATE of a frame to several, count at the source port. */
enum vswitch_drop {
    VSWITCH_DROP_LENGTH = 0, /**< shorter than an Ethernet header or longer than any frame */
    VSWITCH_DROP_META,       /**< offload metadata does not fit the frame */
    VSWITCH_DROP_SOURCE,     /**< source address not the port's to use */
    VSWITCH_DROP_RATE,       /**< above the port's rate limit */
    VSWITCH_DROP_RESERVED,   /**< link-local group address */
    VSWITCH_DROP_DENIED,     /**< the rules allow no destination */
    VSWITCH_DROP_LOCAL,      /**< the address lives behind the port it came from */
    VSWITCH_DROP_FULL,       /**< destination took it not in time */
    VSWITCH_DROP_TOO_LONG,   /**< destination cannot take frames of this length */
    VSWITCH_DROP_VLAN,       /**< of a VLAN that the port is not in */
    VSWITCH_DROP_GUARD,      /**< speaks for an IP address that is not the port's */
    VSWITCH_DROP_STORM,      /**< more frames to all than the port may send */
    VSWITCH_DROP_NOBODY,     /**< to a group that nobody has joined */
    VSWITCH_DROP_COUNT
};

/** What a port has seen. rx: from the peer into the switch. Words of 64 bits only: readers take them as a row. */
struct vswitch_counters {
    uint64_t rx_frames, rx_bytes;
    uint64_t tx_frames, tx_bytes;
    uint64_t held;     /**< times a frame had to wait for its destination */
    uint64_t flooded;  /**< frames to an unknown or group address */
    uint64_t mirrored; /**< of the frames in tx_frames: copies of what others send and get */
    uint64_t dropped[VSWITCH_DROP_COUNT];
};

/** A port. */
struct vswitch_port_stats {
    char name[CONFIG_NAME_BYTES];
    struct vswitch_counters counters;
};

/** The pages. A reader may see one counter ahead of another. */
struct vswitch_stats {
    uint64_t values[VSWITCH_STAT_COUNT];
    uint32_t port_count;
    uint32_t reserved;
    struct vswitch_port_stats ports[VSWITCH_CONFIG_MAX_PORTS];
};

#define VSWITCH_STATS_BYTES 0x2000u
_Static_assert(sizeof(struct vswitch_stats) <= VSWITCH_STATS_BYTES, "a switch's counters fit their pages");
