/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * IGMP and MLD snooping (RFC 4541): frames to a group of IP go to the ports that have joined it, and to routers.
 *
 * Guests are hostile, and nobody may take another's multicast away. So a port is left out only if a query, to
 * which its members answer, has reached it within SNOOP_ASKED_S, and a membership ends only by the member's own
 * word: that it leaves, or an answer to a query that lists others. What does not fit into the table costs
 * the port that asked its filter, and nobody else theirs: it gets all groups for a while.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vswitch_config.h"
#include "pd/vswitch/frame.h"

#define SNOOP_SETS 16u
#define SNOOP_WAYS 8u
/** For so long after a query a port is left out of groups that it has not joined (RFC 3376, 8.5: other querier present). */
#define SNOOP_ASKED_S 255u
/** Members have answered a query by then: the longest time that one which counts may give is 25.5 s. */
#define SNOOP_ANSWERED_S 30u
/** And one for a single group (RFC 3376, 8.8, twice). */
#define SNOOP_LEAVE_S 3u
/** Bytes of a report that are read. */
#define SNOOP_PACKET_BYTES 1536u

enum snoop_family { SNOOP_IPV4, SNOOP_IPV6, SNOOP_FAMILIES };

/** A group and who is in it. Zero: unused. */
struct snoop_group {
    uint64_t key;                            /**< group address and VLAN */
    uint32_t members;                        /**< ports */
    uint64_t seen[VSWITCH_CONFIG_MAX_PORTS]; /**< when each last said so */
    uint64_t leaving
        [VSWITCH_CONFIG_MAX_PORTS]; /**< when it is out, unless it says so again; 0: it is not leaving */
};

/** What is known of a port. */
struct snoop_port {
    uint64_t asked;    /**< when a query reached it; 0: never */
    uint64_t round;    /**< the first of the queries that its answers are taken for */
    uint64_t answered; /**< when it reported something */
    uint64_t router;   /**< until when it is one; 0: it isn't */
    uint64_t greedy;   /**< until when it gets all groups, as it joined more than there is room for */
};

/** State. Private to snoop.c except for its size. */
struct snoop {
    uint64_t ticks_per_second;
    uint64_t now;
    struct snoop_port ports[SNOOP_FAMILIES][VSWITCH_CONFIG_MAX_PORTS];
    struct snoop_group groups[SNOOP_SETS][SNOOP_WAYS];
    uint8_t packet[SNOOP_PACKET_BYTES];
    bool is_query; /**< the last frame looked at is one that its receivers answer */
    enum snoop_family family;
};

/** Set up; nobody has joined anything. */
void snoop_init(struct snoop *snoop, uint64_t ticks_per_second);

/** A port begins again: what it joined is forgotten. */
void snoop_forget(struct snoop *snoop, uint32_t port);

/**
 * `frame`, to a group, comes from port `source` at time `now`, and may go to `candidates`. Learns from it, and returns
 * the ports that it is for. Call it for each such frame, also for one that was held and is tried again.
 */
uint32_t snoop_narrow(struct snoop *snoop, const struct vswitch_frame *frame, uint32_t source, uint64_t now,
                      uint32_t candidates);

/** Whether the frame that snoop_narrow() last looked at is a query: then tell snoop_asked() the ports that it reached. */
static inline bool snoop_is_query(const struct snoop *snoop)
{
    return snoop->is_query;
}

/** The query reached these ports. */
void snoop_asked(struct snoop *snoop, uint32_t ports);
