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
 * sets want_data in its own region and then looks again; a producer that committed asks
 * ring_should_signal_data() and, if so, notifies the channel. Likewise for space. Barriers are inside.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

#define RING_MAGIC 0x474e4952u /* "RING" */
#define RING_HEADER_BYTES 128u
#define RING_RECORD_ALIGN 16u
#define RING_RECORD_HEADER_BYTES 16u

/** The start of each side's region. Fields are accessed with C11 atomics only. */
struct ring_region {
    uint32_t magic;     /**< RING_MAGIC once its writer is up; changes with each (re)start: see `epoch` */
    uint32_t epoch;     /**< counts the writer's (re)starts; a change resets both directions */
    uint32_t head;      /**< bytes produced by the writer */
    uint32_t want_data; /**< non-zero: the writer of this region wants a signal for new incoming data */
    uint32_t reserved0[12];
    uint32_t tail;       /**< bytes the writer has consumed of the peer's data */
    uint32_t want_space; /**< non-zero: the writer of this region wants a signal for freed outgoing space */
    uint32_t peer_epoch; /**< the peer epoch that `tail` belongs to */
    uint32_t reserved1[13];
    uint8_t data[];
};

/** One side's view of a link. Private to ring.c but for its size: embed it in the owner's state. */
struct ring {
    struct ring_region *own;        /**< mapped read-write */
    const struct ring_region *peer; /**< mapped read-only; contents untrusted */
    uint32_t capacity_bytes;        /**< data bytes a direction, a power of two */
    uint32_t head;                  /**< our copy of own->head */
    uint32_t tail;                  /**< our copy of own->tail */
    uint32_t peer_head;             /**< last checked value of peer->head */
    uint32_t peer_tail;             /**< last checked value of peer->tail */
    uint32_t peer_epoch;
    uint32_t reserved_bytes; /**< of the record being built */
    bool broken;             /**< the peer published nonsense; stays until ring_init */
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
 * power of two that fits behind the header. Bumps own->epoch, so the peer drops what it had of us.
 * Returns ERR_RANGE if the region is too small (under 4 KiB), ERR_ALIGN if misaligned.
 */
ERR_CHECKED enum err ring_init(struct ring *ring, void *own, const void *peer, uint32_t region_bytes);

/**
 * Look whether the peer restarted since the last call and, if so, drop what is in flight both ways.
 * Call once per wake-up before using the ring. Returns true if it did restart.
 */
bool ring_sync(struct ring *ring);

/** True once the peer published something impossible. The link then carries nothing until ring_init(). */
bool ring_is_broken(const struct ring *ring);

/* Records. */

/**
 * Room for a record of `length_bytes` (1 .. capacity/2): *data points at contiguous space in our region.
 * Nothing is visible to the peer until ring_commit(). A second reserve replaces the first.
 * Errors: ERR_SPACE (full), ERR_RANGE (length), ERR_OVERRUN (peer broken).
 */
ERR_CHECKED enum err ring_reserve(struct ring *ring, uint32_t length_bytes, uint8_t **data);

/** Publish the reserved record with its final length (not above the reserved one) and `meta`. */
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

/** Take the request back: we are polling. */
void ring_cancel_data(struct ring *ring);

/** Ask for a signal when at least `bytes` of space are free. Returns true if they are free already. */
bool ring_request_space(struct ring *ring, uint32_t bytes);

/** After commits or writes: does the peer want a notification for them? Clears nothing at the peer. */
bool ring_should_signal_data(struct ring *ring);

/** After releases or reads: does the peer want a notification for the space? */
bool ring_should_signal_space(struct ring *ring);
