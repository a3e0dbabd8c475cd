/* SPDX-License-Identifier: BSD-2-Clause */
/** State of a switch: private to its files except for the size, and what is asked of it everywhere. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/account/account.h"
#include "lib/base/log.h"
#include "lib/config/vswitch_config.h"
#include "lib/config/vswitch_stats.h"
#include "pd/vswitch/drop.h"
#include "pd/vswitch/mac_table.h"
#include "pd/vswitch/port.h"
#include "pd/vswitch/rate.h"

#define VSWITCH_PORT_BUDGET 64u
/**
 * What a port's frames may cost in one wake-up, in units of a byte copied, of which an Armv8-A core does
 * sixteen with one instruction: 64 of the longest frames, or 1,024 short ones.
 */
#define VSWITCH_RUN_WORK (8u << 20)
#define VSWITCH_PATIENCE_MS 50u
/** What each frame that reaches a destination gives back of it. */
#define VSWITCH_PATIENCE_FRAME_US 100u
/** A port that has taken nothing for so long, though there was something for it, makes nobody wait until it
 * has room. */
#define VSWITCH_DEAF_MS 100u
/** Frames from this on are bulk: their receiver need not interrupt their sender. */
#define VSWITCH_BULK_BYTES 16384u
/** For so long after its last one a port that sends bulk is busy with that: what comes back need not
 * interrupt anybody. */
#define VSWITCH_BULK_US 1000u

#define VSWITCH_VLAN_WORDS 64u
/** What a port has beyond the plain switch. Each costs the others nothing. */
enum vswitch_managed {
    VSWITCH_RATE_IN = 1u << 0,  /**< a limit on what it sends */
    VSWITCH_RATE_OUT = 1u << 1, /**< a limit on what it gets */
    VSWITCH_VLAN = 1u << 2,     /**< it is in a VLAN, or several */
    VSWITCH_GUARD = 1u << 3,    /**< its IP addresses are checked */
    VSWITCH_STORM = 1u << 4     /**< a limit on frames to all */
};

/** One port. Private to vswitch.c except for its size. */
struct vswitch_port {
    const struct vswitch_port_ops *ops; /**< NULL: not attached */
    void *context;
    const struct vswitch_port_config *config;
    mac_t mac;
    bool kicked;         /**< its peer has notified us, and we have not looked since */
    bool held;           /**< its oldest frame waits for a destination */
    bool is_static;      /**< `mac` is nobody else's, and so need not be learned */
    bool more;           /**< it has had its share of a wake-up, and there may be more */
    uint32_t held_for;   /**< the port that it waits for */
    uint32_t held_bytes; /**< and the room that it needs there */
    uint32_t share;      /**< frames that it may yet send in this wake-up */
    uint64_t work;       /**< what those that it has sent took */
    bool rx_outstanding; /**< it got a frame since it was last notified */
    bool may_defer;      /**< all it got since it was last notified is bulk, or answers to that */
    bool sends_bulk;     /**< it has sent bulk, at bulk_at */
    uint64_t bulk_at;
    uint32_t segments_sent; /**< of the held frame: struct vswitch_frame's */
    uint32_t longest_bytes; /**< frames that it takes uncut */
    mac_t last_target;      /**< what it last sent to */
    uint32_t last_home;     /**< and where that was, when the table was at: */
    uint64_t last_version;
    uint64_t patience_ticks;            /**< how long it may yet be held */
    uint64_t patience_at;               /**< when that was computed */
    uint32_t managed;                   /**< enum vswitch_managed */
    bool is_full;                       /**< it had no room for a frame, and has taken none since */
    uint64_t full_at;                   /**< from when on */
    struct rate in, out;                /**< limits of what it sends and gets */
    struct rate storm;                  /**< and of how many frames to all it sends */
    uint64_t trunk[VSWITCH_VLAN_WORDS]; /**< its VLANs with tags: bit n of word n / 64 */
    struct log_limit warnings[VSWITCH_DROP_COUNT];
    struct log_limit faults;
    uint32_t watchers;                 /**< ports that get copies of what it sends and gets */
    struct vswitch_counters *counters; /**< in the switch's statistics */
};

struct soft_offload; /* soft_offload.h */
struct snoop;        /* snoop.h */

/** A switch. Zero-initialise, then vswitch_init(). */
struct vswitch {
    const struct vswitch_config *config;
    uint32_t port_count;
    uint32_t first;      /**< port whose turn is first */
    uint32_t up;         /**< ports that frames may go to and come from: attached, and not broken */
    uint32_t busy;       /**< ports whose peer has notified us, or that have frames left */
    uint32_t stuck;      /**< of these, the ones that can't go on in this wake-up */
    uint32_t synced;     /**< ports whose side was looked at in this wake-up */
    uint32_t touched;    /**< ports that got or gave frames since they were last notified */
    uint32_t watched;    /**< ports that others get copies of */
    uint32_t spoken_for; /**< ports that got or gave any in this wake-up, or broke */
    uint64_t resume_at;  /**< when ports go on that have had their share */
    uint64_t ticks_per_second;
    uint64_t patience_limit;  /**< VSWITCH_PATIENCE_MS in ticks, and so on */
    uint64_t patience_earned; /**< what a frame that is delivered gives back of it */
    uint64_t bulk_ticks;
    uint64_t deaf_ticks;
    uint64_t now;
    struct mac_table macs;
    struct soft_offload *offload;   /**< working memory */
    struct snoop *snoop;            /**< who has joined which group; NULL: nobody keeps book */
    struct vswitch_stats *stats;    /**< where it counts */
    struct vswitch_stats own_stats; /**< if nobody else wants to see */
    struct account account;         /**< which sender's frame is being moved; the caller may start it */
    struct vswitch_port ports[VSWITCH_CONFIG_MAX_PORTS];
    void (*notify)(void *context, uint32_t port);
    void *notify_context;
};

/** Port `port` in a set of ports. */
static inline uint32_t state_bit(uint32_t port)
{
    return UINT32_C(1) << port;
}

/** The number of `port`, one of the switch's. */
static inline uint32_t state_index(const struct vswitch *vswitch, const struct vswitch_port *port)
{
    return (uint32_t)(port - vswitch->ports);
}

/** Count in the statistics. */
static inline void state_count(const struct vswitch *vswitch, enum vswitch_stat stat, uint64_t more)
{
    vswitch->stats->values[stat] += more;
}

/** May frames go to and come from port `port`? */
static inline bool state_is_up(const struct vswitch *vswitch, uint32_t port)
{
    return (vswitch->up & state_bit(port)) != 0;
}
