/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A learning Ethernet switch: the logic of the vswitch PD, without a platform.
 *
 * What a frame is, where its bytes lie and how a peer is told is a port's business (struct vswitch_port_ops);
 * ring_port.c is one kind. The switch reads the first 18 bytes once, decides on that copy, and has each
 * destination copy the frame once out of the source's buffers; the checked copy of the header goes with it,
 * so a sender that rewrites its buffer afterwards cannot slip another address past the rules.
 *
 * Policy:
 * - A frame whose length, offload metadata, source address (own address of the port, no group, no other
 *   port's static address) or rate is not in order is dropped at its source port.
 * - Unicast goes to the port of its address; unknown unicast, broadcast and multicast to all others. Always
 *   only to ports that the source's `allow` mask names. 01:80:c2:00:00:0x stays on the link (802.1Q, 8.6.3).
 * - A port that does not take a frame unfinished (without checksum, or too large) gets it finished in
 * software (finish.h).
 * - Ports are served in turn, VSWITCH_PORT_BUDGET frames each, and each destination is notified once a turn.
 * - A full destination: a frame that goes to several ports is dropped for this one. A frame for it alone
 * waits at its source, which keeps TCP free of loss, but the source's patience is bounded: it may be held for
 *   VSWITCH_PATIENCE_MS at a stretch and for half of the time in the long run, then such frames are dropped;
 *   each frame that gets through gives VSWITCH_PATIENCE_FRAME_US back, so a receiver that takes frames in
 * batches (a vhost port's window) loses none. So a port that takes nothing costs its senders that much and
 * other ports nothing. (There is no timer: the patience runs out when next any port has something to do. A
 * sender that is blocked and wants that looked at notifies the switch.)
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/config/vswitch_config.h"
#include "lib/config/vswitch_stats.h"
#include "lib/net/frame_meta.h"
#include "pd/vswitch/mac_table.h"

#define VSWITCH_HEADER_BYTES 14u
/** What is read once and checked: with a VLAN tag. */
#define VSWITCH_CHECKED_BYTES 18u
/** Longest frame: 64 KiB of IP packet (GSO) with Ethernet header and VLAN tag. */
#define VSWITCH_FRAME_MAX_BYTES 65553u
#define VSWITCH_PORT_BUDGET 64u
#define VSWITCH_PATIENCE_MS 50u
/** What each frame that reaches a destination gives back of it. */
#define VSWITCH_PATIENCE_FRAME_US 100u
/** Frames from this on are bulk: their receiver need not interrupt their sender. */
#define VSWITCH_BULK_BYTES 16384u
/** For so long after its last one a port that sends bulk is busy with that: what comes back need not
 * interrupt anybody. */
#define VSWITCH_BULK_US 1000u
/** How often a frame is tried again because room seems to have come: once for each buffer of the largest
 * queue. */
#define VSWITCH_ROOM_TRIES 1024u

/** A piece of a frame in memory that its sender may still write to. */
struct vswitch_segment {
    const uint8_t *data;
    uint32_t bytes;
};

/** How far a frame has been copied. Zero: to its beginning. */
struct vswitch_cursor {
    uint32_t segment;
    uint32_t skip;   /**< bytes of that segment */
    uint32_t offset; /**< bytes of the frame */
};

/** A frame in its source's buffers. */
struct vswitch_frame {
    const struct vswitch_segment *segments; /**< the port's, valid until release */
    uint32_t segment_count;
    uint32_t length_bytes; /**< sum of the segments */
    uint64_t meta;         /**< lib/net/frame_meta.h */
    struct frame_meta
        fields;        /**< set by the switch: the same, unpacked and checked; zero for a finished piece */
    uint32_t needed;   /**< set by the switch: capabilities to take it as it is (enum offload_capability) */
    uint32_t finished; /**< set by the switch: segments of it that its destination has already */
    /** Set by the switch: what was checked, as far as the frame goes; then zeros. */
    uint8_t header[VSWITCH_CHECKED_BYTES];
};

/** What a kind of port can do. `port` is the context given to vswitch_attach(). */
struct vswitch_port_ops {
    /** The oldest frame (all but frame->header). ERR_EMPTY: none. Others: the peer broke its side. */
    enum err (*peek)(void *port, struct vswitch_frame *frame);
    /** Done with the frame last peeked at. */
    void (*release)(void *port);
    /**
     * Copy a frame out to the peer, the first bytes from frame->header.
     * ERR_SPACE: no room now. ERR_RANGE: never fits. Others: the peer broke its side.
     */
    enum err (*send)(void *port, const struct vswitch_frame *frame);
    /** Ask for a notification at the next frame. True if there is one already. */
    bool (*request_data)(void *port);
    /**
     * Ask for a notification when send() of `length_bytes` can work. True if it may work by now: then a
     * notification need not come, and whoever fails again has to ask again.
     */
    bool (*request_space)(void *port, uint32_t length_bytes);
    /** After sends and releases: is the peer to be notified? */
    bool (*should_notify)(void *port);
    /** At each wake-up: true if the peer restarted, so that its side is as new. */
    bool (*sync)(void *port);
    /** What the peer takes unfinished now: enum offload_capability. NULL: nothing. */
    uint32_t (*capabilities)(void *port);
    /** Does the peer want the frame, of which the header will do? NULL: it wants all. */
    bool (*wants)(void *port, const struct vswitch_frame *frame);
};

/** Why a frame was dropped. All but FULL and TOO_LONG count at the source port. */
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
    VSWITCH_DROP_COUNT
};

/** Short English name of a cause, static. */
const char *vswitch_drop_text(enum vswitch_drop cause);

/** What a port has seen. rx: from the peer into the switch. */
struct vswitch_counters {
    uint64_t rx_frames, rx_bytes;
    uint64_t tx_frames, tx_bytes;
    uint64_t dropped[VSWITCH_DROP_COUNT];
    uint64_t held;    /**< times a frame had to wait for its destination */
    uint64_t flooded; /**< frames to an unknown or group address */
};

/** One port. Private to vswitch.c but for its size. */
struct vswitch_port {
    const struct vswitch_port_ops *ops; /**< NULL: not attached */
    void *context;
    const struct vswitch_port_config *config;
    mac_t mac;
    bool broken;     /**< the peer broke its side: out of service until it restarts */
    bool held;       /**< its oldest frame waits for a destination */
    bool got;        /**< it got a frame since it was last notified */
    bool patient;    /**< all it got since it was last notified is bulk, or answers to that */
    bool sends_bulk; /**< it has sent bulk, at bulk_at */
    uint64_t bulk_at;
    uint32_t finished;       /**< of the held frame: struct vswitch_frame's */
    uint64_t patience_ticks; /**< how long it may yet be held */
    uint64_t patience_at;    /**< when that was computed */
    uint64_t rate_bytes;     /**< what it may send at once */
    uint64_t rate_at;        /**< when that was computed */
    struct log_limit warnings[VSWITCH_DROP_COUNT];
    struct log_limit faults;
    struct vswitch_counters counters;
};

struct finish; /* finish.h */

/** A switch. Zero-initialise, then vswitch_init(). */
struct vswitch {
    const struct vswitch_config *config;
    uint32_t port_count;
    uint32_t first;   /**< port whose turn is first */
    uint32_t touched; /**< ports that got or gave frames since they were last notified */
    bool again;       /**< a port broke in this turn */
    uint64_t ticks_per_second;
    uint64_t now;
    struct mac_table macs;
    struct finish *finish;          /**< working memory */
    struct vswitch_stats *stats;    /**< where it counts */
    struct vswitch_stats own_stats; /**< if nobody else wants to see */
    struct vswitch_port ports[VSWITCH_CONFIG_MAX_PORTS];
    void (*notify)(void *context, uint32_t port);
    void *notify_context;
};

/**
 * Set up from a configuration, which has to outlive the switch, as have `entries` (of
 * config->mac_table_entries) and `finish`. `notify` tells the peer of a port that there is something for it.
 * Errors: ERR_RANGE (port count, table size), those of mac_table_init().
 */
ERR_CHECKED enum err vswitch_init(struct vswitch *vswitch, const struct vswitch_config *config,
                                  struct mac_table_entry *entries, struct finish *finish,
                                  uint64_t ticks_per_second, void (*notify)(void *context, uint32_t port),
                                  void *notify_context);

/** Count in `stats`, which has to outlive the switch, instead of in the switch's own memory. */
void vswitch_set_stats(struct vswitch *vswitch, struct vswitch_stats *stats);

/** Put port `port` into service. `context` is passed to each of `ops`. */
void vswitch_attach(struct vswitch *vswitch, uint32_t port, const struct vswitch_port_ops *ops,
                    void *context);

/**
 * Something happened at some port at time `now` (ticks): move frames until every port is empty, held or
 * broken and has been asked to notify when that changes. Ports are notified on the way.
 */
void vswitch_run(struct vswitch *vswitch, uint64_t now);

#define VSWITCH_NEVER UINT64_MAX
/**
 * When to call vswitch_run() again, in ticks, even if nothing happens: a source whose frame waits for a
 * destination that is dead runs out of patience then. It may have filled its queue meanwhile, and be waiting
 * for us. VSWITCH_NEVER: not.
 */
uint64_t vswitch_deadline(const struct vswitch *vswitch);

/**
 * For notify(): may the port's guest handle what it got when the guest that runs has paused? Bulk in one
 * direction is faster so, as every turn costs two switches, and a sender that is let run fills whole windows.
 * A lone packet is never patient.
 */
bool vswitch_is_patient(const struct vswitch *vswitch, uint32_t port);

/** Counters of port `port`; zero for a port that isn't there. */
struct vswitch_counters vswitch_port_counters(const struct vswitch *vswitch, uint32_t port);

/**
 * For send(): copy the next `bytes` of a frame to `to`, the header from the checked copy. They must lie
 * within the frame.
 */
void vswitch_copy_next(const struct vswitch_frame *frame, struct vswitch_cursor *cursor, uint8_t *to,
                       uint32_t bytes);

/**
 * For send(): copy bytes [offset, offset + bytes) of a frame to `to`, the header from the checked copy.
 * The range must lie within the frame.
 */
void vswitch_copy(const struct vswitch_frame *frame, uint32_t offset, uint8_t *to, uint32_t bytes);
