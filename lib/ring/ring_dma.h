/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Records that a device reads and writes where they lie: several are out at a time, so that a driver copies
 * nothing. Whoever uses these functions on a side of a link uses neither ring_reserve() and ring_commit() nor
 * ring_release() there; everything else is as in ring.h.
 *
 * Before ring_init(), and before ring_sync() is followed up, the device must have let go of both regions.
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/ring/ring.h"

/** Room for one record, which a device may fill. */
struct ring_slot {
    uint8_t *data;         /**< behind RING_RECORD_HEADER_BYTES that nobody needs before the commit */
    uint32_t at;           /**< where in the ring its header goes */
    uint32_t length_bytes; /**< of data, at most */
};

/** The slots of a ring's outgoing side. Private to ring_dma.c except for its size. */
struct ring_slots {
    struct ring *ring;
    uint32_t end; /**< where the next slot begins */
};

/** No slot is out: after ring_init(), and whenever ring_sync() returned true. */
void ring_slots_init(struct ring_slots *slots, struct ring *ring);

/**
 * Add a slot of `length_bytes` (1 .. ring_record_limit()) behind those that are out. Errors: ERR_SPACE,
 * ERR_RANGE (length), ERR_OVERRUN (the peer broke its side).
 */
ERR_CHECKED enum err ring_slots_add(struct ring_slots *slots, uint32_t length_bytes, struct ring_slot *slot);

/**
 * Publish the oldest slot that is out, with its final length (1 .. slot->length_bytes) and `meta`. In the
 * order in which they were added. Does nothing with a length that isn't possible.
 */
void ring_slots_commit(struct ring_slots *slots, const struct ring_slot *slot, uint32_t length_bytes,
                       uint64_t meta);

/** Ask for a signal when a slot of that length can be added. True if it can. To be called with no slot out.
 */
bool ring_slots_request_space(struct ring_slots *slots, uint32_t length_bytes);

/**
 * Read the oldest unread record, as ring_peek() does, and keep it: its bytes stay until ring_give_back(*end).
 * Errors: those of ring_peek().
 */
ERR_CHECKED enum err ring_take(struct ring *ring, struct ring_record *record, const uint8_t **data,
                               uint32_t *end);

/** The record whose ring_take() gave `end`, and all before it, are done with. */
void ring_give_back(struct ring *ring, uint32_t end);
