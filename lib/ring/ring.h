/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Links: shared-memory single-producer single-consumer rings between two PDs.
 *
 * A link joins two PDs by two memory regions of equal size, one written by each side: a side maps its own
 * region read-write and the peer's read-only. A region holds the producer's data ring and, because nobody
 * else may write there, also this side's consumer index for the other direction. So a hostile peer can
 * corrupt only what it sends, never what it receives, and both indices it publishes are checked.
 *
 *     region of A (A: rw, B: r)                 region of B (B: rw, A: r)
 *     head: bytes A has produced                head: bytes B has produced
 *     tail: bytes A has consumed of B's data    tail: bytes B has consumed of A's data
 *     want_data / want_space: when to signal A  ... when to signal B
 *     data[capacity]                            data[capacity]
 *
 * head and tail count bytes, modulo 2^32; the capacity is a power of two. On top lie two formats, chosen per
 * link: records (ring_reserve/commit, ring_peek/release: contiguous, 16-byte aligned, with a header word) and
 * a plain byte stream (ring_write/ring_read).
 *
 * Signal protocol (no lost wake-up): a consumer that finds the ring empty calls ring_request_data(), which
 * publishes a new request number in want_data of its own region and then looks again; a producer that
 * committed asks ring_should_signal_data() and, if so, notifies the channel. It answers each request number
 * once, so a request needs no taking back and a busy consumer is left alone. Likewise for space, where the
 * request also says how much. Barriers are inside.
 *
 * Restarts: each side counts its starts in `epoch` and publishes in `peer_epoch` which start of the peer its
 * indices belong to (0: it has not seen any, its indices count from 0). Indices of a peer that has not yet
 * acknowledged our present start are not looked at. Whoever called ring_init() notifies the peer once; the
 * peer's ring_sync() then resets its side. What was written before the first contact is not lost.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

#define RING_MAGIC 0x474e4952u /* "RING" */
#define RING_HEADER_BYTES 128u
#define RING_RECORD_ALIGN 16u
#define RING_RECORD_HEADER_BYTES 16u

/** The start of each side's region. Only ring.c looks inside; all fields are accessed atomically. */
struct ring_region {
    uint32_t magic;      /**< RING_MAGIC while its writer is up */
    uint32_t epoch;      /**< counts the writer's (re)starts, never 0; a change resets both directions */
    uint32_t peer_epoch; /**< the peer's epoch that head and tail belong to, 0: any, as both count from 0 */
    uint32_t head;       /**< bytes produced by the writer */
    uint32_t want_data;  /**< number of the writer's request for a signal at new incoming data; 0: none */
    uint32_t offer;      /**< what the writer takes beyond the plain format: the link's protocol says */
    uint32_t reserved0[10];
    uint32_t tail;       /**< bytes the writer has consumed of the peer's data */
    uint32_t space_at;   /**< signal when the peer's tail has reached this */
    uint32_t want_space; /**< number of the writer's request for a signal for freed outgoing space; 0: none */
    uint32_t reserved1[13];
    uint8_t data[];
};

/** One side's view of a link. Private to ring.c except for its size: embed it in the owner's state. */
struct ring {
    struct ring_region *own;        /**< mapped read-write */
    const struct ring_region *peer; /**< mapped read-only; contents untrusted */
    uint32_t capacity_bytes;        /**< data bytes a direction, a power of two */
    uint32_t epoch;                 /**< our copy of own->epoch */
    uint32_t head;                  /**< our copy of own->head */
    uint32_t tail;                  /**< bytes read */
    uint32_t freed;                 /**< our copy of own->tail: behind `tail` by what ring_take() gave out */
    uint32_t peer_epoch;            /**< the peer's start that we are in step with, 0: none yet */
    uint32_t peer_head;             /**< last checked value of peer->head */
    uint32_t peer_tail;             /**< last checked value of peer->tail */
    uint32_t reserved_bytes;        /**< of the record being built, with header and padding; 0: none */
    uint32_t padding_bytes;         /**< in front of it, up to the end of the data area */
    uint32_t peeked_bytes;          /**< of the record last peeked at, with header; 0: none */
    uint32_t asked_head;            /**< head when it was last asked whether to signal */
    uint32_t asked_tail;            /**< freed, likewise */
    uint32_t request;               /**< number of our last signal request, both kinds */
    uint32_t answered_data;         /**< the peer's want_data that we last signalled for */
    uint32_t answered_space;        /**< the peer's want_space that we last signalled for */
    bool is_paced;                  /**< ring_peek() gives what the last ring_look() saw, and no more */
    bool broken;                    /**< the peer published nonsense */
};

/** What a record carries besides its bytes. `meta` is 64 bits of the link's protocol (e.g. virtio_net_hdr).
 */
struct ring_record {
    uint64_t meta;
    uint32_t length_bytes;
};

/**
 * Set up one side.
 *
 * `own` and `peer`: the regions, each `region_bytes` long and 64-byte aligned; the capacity is the largest
 * power of two that fits behind the header (so 2^n + 4 KiB is a good size). Bumps own->epoch, so the peer
 * drops what it had of us: own->epoch must survive a restart. Afterwards notify the peer's channel once.
 * Returns ERR_RANGE if the region is too small (under 4 KiB), ERR_ALIGN if misaligned.
 */
ERR_CHECKED enum err ring_init(struct ring *ring, void *own, const void *peer, uint32_t region_bytes);

/**
 * Look whether the peer restarted since the last call and, if so, drop what is in flight both ways.
 * Call once per wake-up before using the ring. Returns true if it did restart.
 */
bool ring_sync(struct ring *ring);

/**
 * True once the peer published something impossible. The link then carries nothing until ring_init() or until
 * ring_sync() finds that the peer restarted.
 */
bool ring_is_broken(const struct ring *ring);

/**
 * Tell the peer what this side takes beyond the plain format: bits of the link's protocol (for frames: enum
 * offload_capability). 0 after ring_init(). What is in flight may have been sent under an older offer.
 */
void ring_offer(struct ring *ring, uint32_t bits);

/** The peer's offer, untrusted: a wrong one harms only the peer. 0 while it is not up. */
uint32_t ring_peer_offer(const struct ring *ring);

/* Records. */

/**
 * Longest record: half the capacity less its header, so that an empty ring takes it wherever it stands.
 */
uint32_t ring_record_limit(const struct ring *ring);

/**
 * Room for a record of `length_bytes` (1 .. ring_record_limit()): *data points at contiguous space in our
 * region. Nothing is visible to the peer until ring_commit(). A second reserve replaces the first. Errors:
 * ERR_SPACE (full), ERR_RANGE (length), ERR_OVERRUN (peer broken).
 */
ERR_CHECKED enum err ring_reserve(struct ring *ring, uint32_t length_bytes, uint8_t **data);

/**
 * Publish the reserved record with its final length (1 .. the reserved one; 0 gives the space back) and
 * `meta`. Does nothing if nothing is reserved, e.g. because ring_sync() dropped it.
 */
void ring_commit(struct ring *ring, uint32_t length_bytes, uint64_t meta);

/**
 * The oldest unread record, in place in the peer's region; *record is a checked copy of its header. The bytes
 * may still be changed by a hostile peer while they are read: copy once, then check.
 * Errors: ERR_EMPTY, ERR_OVERRUN (index nonsense), ERR_FORMAT (record header nonsense); both break the ring.
 */
ERR_CHECKED enum err ring_peek(struct ring *ring, struct ring_record *record, const uint8_t **data);

/** Consume the record that the last ring_peek() returned. */
void ring_release(struct ring *ring);

/* Byte streams. */

/** Append up to `length_bytes`; returns how many fitted (0 when full or broken). */
uint32_t ring_write(struct ring *ring, const void *bytes, uint32_t length_bytes);

/** Take up to `length_bytes` from the peer; returns how many (0 when empty or broken). */
uint32_t ring_read(struct ring *ring, void *bytes, uint32_t length_bytes);

/** Bytes that ring_write() would take now. */
uint32_t ring_space(struct ring *ring);

/** Bytes that ring_read() would give now (byte streams). */
uint32_t ring_available(struct ring *ring);

/* Signals. */

/** Ask for a signal at the next data. Returns true if there is data already: look again, don't sleep. */
bool ring_request_data(struct ring *ring);

/**
 * Ask for a signal at the next data and then read the peer's head once: from the first call on, ring_peek()
 * gives what was there then, and ERR_EMPTY behind it, whatever the peer adds meanwhile. What it adds later
 * comes with a signal. So an event buys no more records than the ring holds. Returns true if there is one to
 * peek at.
 */
bool ring_look(struct ring *ring);

/** Take the request back: we are polling. Optional, since each request is answered once. */
void ring_cancel_data(struct ring *ring);

/** Ask for a signal when at least `bytes` (1 .. capacity) are free. Returns true if they are free already. */
bool ring_request_space(struct ring *ring, uint32_t bytes);

/** ring_request_space() for what ring_reserve(`length_bytes`) needs. */
bool ring_request_record_space(struct ring *ring, uint32_t length_bytes);

/**
 * After commits or writes: does the peer want a notification for what is new since this was last asked? If
 * true, the caller notifies: the request counts as answered.
 */
bool ring_should_signal_data(struct ring *ring);

/** After releases or reads: does the peer want a notification for the space? As above. */
bool ring_should_signal_space(struct ring *ring);
