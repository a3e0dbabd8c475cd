/* SPDX-License-Identifier: BSD-2-Clause */
/* Several records out at a time, in both directions. */
#include "lib/ring/ring_dma.h"

#include "lib/ring/ring_record.h"

void ring_slots_init(struct ring_slots *slots, struct ring *ring)
{
    *slots = (struct ring_slots){.ring = ring, .end = ring->head};
}

static uint32_t offset_of(const struct ring *ring, uint32_t index)
{
    return index & (ring->capacity_bytes - 1);
}

/* What a slot takes beside its span: a record lies in one piece. */
static uint32_t padding_at(const struct ring *ring, uint32_t index, uint32_t span)
{
    const uint32_t to_end = ring->capacity_bytes - offset_of(ring, index);

    return span > to_end ? to_end : 0;
}

enum err ring_slots_add(struct ring_slots *slots, uint32_t length_bytes, struct ring_slot *slot)
{
    struct ring *ring = slots->ring;

    if (length_bytes == 0 || length_bytes > ring_record_limit(ring)) {
        return ERR_RANGE;
    }
    const uint32_t span = record_span(length_bytes);
    const uint32_t padding = padding_at(ring, slots->end, span);
    const uint32_t out = slots->end - ring->head;
    const uint32_t space = ring_space(ring);
    if (ring_is_broken(ring)) {
        return ERR_OVERRUN;
    }
    if (space < out || space - out < padding + span) {
        return ERR_SPACE;
    }
    slot->at = slots->end + padding;
    slot->length_bytes = length_bytes;
    slot->data = &ring->own->data[offset_of(ring, slot->at) + RING_RECORD_HEADER_BYTES];
    slots->end = slot->at + span;
    return ERR_OK;
}

static void put_header(struct ring *ring, uint32_t index, struct record_header header)
{
    *(struct record_header *)(void *)&ring->own->data[offset_of(ring, index)] = header;
}

void ring_slots_commit(struct ring_slots *slots, const struct ring_slot *slot, uint32_t length_bytes,
                       uint64_t meta)
{
    struct ring *ring = slots->ring;
    /* What the record before left of its slot, and what lies between that and the end of the data area. */
    const uint32_t gap = slot->at - ring->head;

    if (length_bytes == 0 || length_bytes > slot->length_bytes) {
        return;
    }
    if (gap != 0) {
        put_header(ring, ring->head, (struct record_header){.kind = RECORD_PADDING, .length_bytes = gap});
    }
    put_header(ring, slot->at,
               (struct record_header){.kind = RECORD_DATA, .length_bytes = length_bytes, .meta = meta});
    ring->head = slot->at + record_span(length_bytes);
    __atomic_store_n(&ring->own->head, ring->head, __ATOMIC_RELEASE);
}

bool ring_slots_request_space(struct ring_slots *slots, uint32_t length_bytes)
{
    struct ring *ring = slots->ring;
    const uint32_t span = record_span(length_bytes);
    const uint32_t padding = padding_at(ring, slots->end, span);

    return ring_request_space(ring, slots->end - ring->head + padding + span);
}

enum err ring_take(struct ring *ring, struct ring_record *record, const uint8_t **data, uint32_t *end)
{
    const enum err err = ring_peek(ring, record, data);

    if (err == ERR_OK) {
        ring->tail += ring->peeked_bytes;
        ring->peeked_bytes = 0;
        *end = ring->tail;
    }
    return err;
}

void ring_give_back(struct ring *ring, uint32_t end)
{
    /* A restart of the peer resets both: what was taken before is nobody's any more. */
    if (end - ring->freed <= ring->tail - ring->freed) {
        ring->freed = end;
        __atomic_store_n(&ring->own->tail, end, __ATOMIC_RELEASE);
    }
}
