/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A network card as a port of the switch: frames pass between the card (nic.h) and a link to the switch,
 * whose records are lib/net/frame_meta.h's. Nothing is copied: the card fills records of the link's one
 * direction where they lie, and reads those of the other, so both regions of the link are the card's to
 * access, and one of its own.
 *
 * One wake-up moves at most as many frames as the card has buffers, and as many to send as were in the link.
 * Where frames come faster than one in `moderation` ticks, the card is looked at that often and does not
 * interrupt.
 *
 * A card that breaks its rules, asks for a reset, or sends nothing for `timeout` ticks is reset: what it had
 * of frames is lost, as on any network. That happens once in `timeout` at most.
 *
 * Times are in ticks of whatever clock the caller has.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/ring/ring.h"
#include "lib/ring/ring_dma.h"
#include "pd/net_driver/nic.h"

/** Frames that a card can have in either direction. */
#define NET_DRIVER_MAX_FRAMES 256u

/** No time at all. */
#define NET_DRIVER_NEVER UINT64_MAX

/** What net_driver_init() needs. Copied. */
struct net_driver_setup {
    struct nic nic;
    struct nic_setup card;
    void *link_own;
    const void *link_peer;
    uint64_t link_own_paddr, link_peer_paddr; /**< where the card finds the link's regions */
    uint32_t link_bytes;
    uint64_t timeout;    /**< in ticks, not 0 */
    uint64_t moderation; /**< in ticks, 0: an interrupt whenever a frame comes */
};

/** Since the start. */
struct net_driver_counters {
    uint64_t received, received_bytes, spoilt;
    uint64_t sent, sent_bytes, refused;
    uint64_t lost; /**< to send, when the card was reset or not there */
    uint64_t resets;
};

/** A driver. Large: keep it static. Private to net_driver.c except for its size and `counters`. */
struct net_driver {
    struct net_driver_setup setup;
    struct nic_traits traits;
    struct ring link;
    struct ring_slots slots;
    struct ring_slot buffers[NET_DRIVER_MAX_FRAMES]; /**< slots that are out, by number modulo */
    uint32_t first_buffer, next_buffer;              /**< numbers: of the oldest, and behind the newest */
    uint32_t next_given;                             /**< behind the newest that the card has */
    uint32_t ends[NET_DRIVER_MAX_FRAMES];            /**< of the records to be sent, likewise */
    uint32_t first_frame, next_frame;
    struct net_driver_counters counters;
    bool alive, had_link;
    uint64_t now;
    uint64_t restarted_at;
    uint64_t restart_at; /**< of a card that isn't alive */
    uint64_t sent_at;    /**< when the card last was as far as it should be */
    uint64_t quiet_until, poll_at;
    struct log_limit failures, refusals, links;
};

/**
 * Reset the card, set up our side of the link and bring the card up. One that cannot be used is logged and no
 * error. Errors: those of ring_init(), ERR_RANGE (setup too small).
 */
ERR_CHECKED enum err net_driver_init(struct net_driver *driver, const struct net_driver_setup *setup,
                                     uint64_t now);

/**
 * The card interrupted, the link was notified or time has passed: do what can be done. Returns true if the
 * switch must be notified. An interrupt may be acknowledged afterwards, if the card is alive then.
 */
bool net_driver_run(struct net_driver *driver, uint64_t now);

/** When to run again if nothing happens before, or NET_DRIVER_NEVER. */
uint64_t net_driver_deadline(const struct net_driver *driver);

/** Whether the card is at work. One that isn't may hold its interrupt line up for good. */
bool net_driver_is_alive(const struct net_driver *driver);
