/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring: one call in any state that satisfies the invariant, with a hostile peer; the invariant holds
 * afterwards. As ring_init() establishes it, that is induction over any number of calls, for any capacity and
 * any behaviour of the peer.
 *
 * @contract Whatever the peer does, a call stays inside the two regions, writes its own only, never overtakes
 * the peer nor hands out more than it sent.
 * @bound none
 *
 * @run prove_init --unwind 30
 * @defect prove_init: capacity is the largest that fits
 * lib/ring/ring.c
 * -     while (capacity <= (region_bytes - RING_HEADER_BYTES) / 2) {
 * +     while (capacity <= region_bytes / 2) {
 *
 * @run prove_reserve
 * @defect prove_reserve: record invariant kept
 * lib/ring/ring.c
 * -     *padding = span > to_end ? to_end : 0;
 * +     *padding = length_bytes > to_end ? to_end : 0;
 *
 * @run prove_commit
 * @defect prove_commit: not into what the peer has not read
 * lib/ring/ring.c
 * -                 record_span(length_bytes) <= ring->reserved_bytes;
 * +                 record_span(length_bytes) <= ring->capacity_bytes / 2;
 *
 * @run prove_peek
 * @defect prove_peek: record in the peer's region
 * lib/ring/ring.c
 * -            record_span(header->length_bytes) <= bytes_to_end(ring, ring->tail);
 * +            header->length_bytes <= bytes_to_end(ring, ring->tail);
 *
 * @run prove_release
 * @defect prove_release: record invariant kept
 * lib/ring/ring.c
 * -     ring->tail += ring->peeked_bytes;
 * -     ring->peeked_bytes = 0;
 * +     ring->tail += ring->peeked_bytes;
 *
 * @run prove_sync
 * @defect prove_sync: invariant kept
 * lib/ring/ring.c
 * -     ring->peer_head = 0;
 * -     ring->peer_tail = 0;
 * -     ring->reserved_bytes = 0;
 * +     ring->peer_head = 0;
 * +     ring->reserved_bytes = 0;
 *
 * @run prove_write
 * @defect prove_write: copy into our region
 * lib/ring/ring.c
 * -     uint32_t to_end = bytes_to_end(ring, ring->head);
 * -     uint32_t first = count < to_end ? count : to_end;
 * +     uint32_t first = count;
 *
 * @run prove_read
 * @defect prove_read: copy from the peer's region
 * lib/ring/ring.c
 * -     if (untrusted_index - *index > limit) {
 * +     if (untrusted_index - *index > ring->capacity_bytes) {
 *
 * @run prove_rest
 * @defect prove_rest: invariant kept
 * lib/ring/ring.c
 * -     refresh(ring, &ring->peer->tail, &ring->peer_tail, ring->head - ring->peer_tail);
 * +     refresh(ring, &ring->peer->tail, &ring->peer_tail, ring->capacity_bytes);
 */
#include "proofs/cbmc.h"

#define REGION_MAX (1ull << 32)

static uint8_t *own, *peer; /* the two regions; nothing is kept in either, what counts is in struct ring */
static uint64_t region_bytes;
static uint8_t *buffer; /* the caller's */
static uint64_t buffer_bytes;

static bool is_in(const void *at, uint64_t bytes, const uint8_t *area, uint64_t area_bytes)
{
    return OBJECT(at) == OBJECT(area) && OFFSET(at) <= area_bytes && bytes <= area_bytes - OFFSET(at);
}

static uint32_t load_any(const uint32_t *at)
{
    PROVE(is_in(at, 4, own, region_bytes) || is_in(at, 4, peer, region_bytes),
          "load from one of the regions");
    PROVE((OFFSET(at) & 3) == 0, "load aligned");
    return nondet_u32();
}

static void store_own(const uint32_t *at)
{
    PROVE(is_in(at, 4, own, region_bytes), "store into our region");
    PROVE((OFFSET(at) & 3) == 0, "store aligned");
}

static void copy(const void *to, const void *from, uint64_t bytes)
{
    if (OBJECT(to) == OBJECT(buffer)) {
        PROVE(is_in(to, bytes, buffer, buffer_bytes), "copy into the caller's buffer");
        PROVE(is_in(from, bytes, peer, region_bytes), "copy from the peer's region");
    } else {
        PROVE(is_in(to, bytes, own, region_bytes), "copy into our region");
        PROVE(is_in(from, bytes, buffer, buffer_bytes), "copy from the caller's buffer");
    }
}

#define __atomic_load_n(p, order) load_any(p)
#define __atomic_store_n(p, value, order) ((void)(value), store_own(p))
#define __atomic_thread_fence(order) ((void)0)
#include "lib/base/mem.h"
#define memcpy(to, from, bytes) copy(to, from, bytes)
#include "lib/ring/ring.c"

struct ring nondet_ring(void);

/* Of every link. */
static bool is_sound(const struct ring *ring)
{
    const uint32_t capacity = ring->capacity_bytes;

    return ring->own == (void *)own && ring->peer == (void *)peer && capacity >= RING_REGION_MIN_BYTES / 2 &&
           (capacity & (capacity - 1)) == 0 && region_bytes >= RING_HEADER_BYTES + (uint64_t)capacity &&
           ring->head - ring->peer_tail <= capacity && ring->peer_head - ring->tail <= capacity;
}

/* What has been reserved: free, in one piece behind its padding. */
static bool reserved_is_sound(const struct ring *ring)
{
    const uint32_t to_end = bytes_to_end(ring, ring->head);

    return ring->reserved_bytes == 0 ||
           (ring->reserved_bytes % RING_RECORD_ALIGN == 0 &&
            ring->reserved_bytes <= ring->capacity_bytes / 2 &&
            (uint64_t)ring->reserved_bytes + ring->padding_bytes <= free_bytes(ring) &&
            (ring->padding_bytes == 0 ? ring->reserved_bytes <= to_end : ring->padding_bytes == to_end));
}

/* Of a link of records, besides. */
static bool records_are_sound(const struct ring *ring)
{
    return ring->head % RING_RECORD_ALIGN == 0 && ring->tail % RING_RECORD_ALIGN == 0 &&
           reserved_is_sound(ring) && ring->peeked_bytes % RING_RECORD_ALIGN == 0 &&
           ring->peeked_bytes <= unread_bytes(ring);
}

static void make_regions(void)
{
    region_bytes = nondet_u64();
    ASSUME(region_bytes >= RING_REGION_MIN_BYTES && region_bytes < REGION_MAX);
    own = malloc(region_bytes);
    peer = malloc(region_bytes);
    ASSUME(own != NULL && peer != NULL);
}

static void make_buffer(uint32_t bytes)
{
    buffer_bytes = bytes;
    buffer = malloc(bytes);
    ASSUME(buffer != NULL);
}

/* Any state of a link. */
static struct ring any_link(void)
{
    struct ring ring = nondet_ring();

    make_regions();
    ring.own = (void *)own;
    ring.peer = (void *)peer;
    ring.broken = nondet_bool();
    ASSUME(is_sound(&ring));
    return ring;
}

static struct ring any_record_link(void)
{
    const struct ring ring = any_link();

    ASSUME(records_are_sound(&ring));
    return ring;
}

void prove_init(void)
{
    struct ring ring;

    make_regions();
    if (ring_init(&ring, own, peer, (uint32_t)region_bytes) != ERR_OK) {
        return;
    }
    PROVE(is_sound(&ring) && records_are_sound(&ring), "invariant from the start");
    PROVE(!ring.broken && ring.epoch != 0, "whole from the start");
    PROVE(ring.capacity_bytes <= region_bytes - RING_HEADER_BYTES &&
              ring.capacity_bytes > (region_bytes - RING_HEADER_BYTES) / 2,
          "capacity is the largest that fits");
}

void prove_reserve(uint32_t bytes)
{
    struct ring ring = any_record_link();
    const uint32_t head = ring.head;
    uint8_t *data;

    if (ring_reserve(&ring, bytes, &data) == ERR_OK) {
        PROVE(is_in(data, bytes, own, region_bytes), "room in our region");
        PROVE(OFFSET(data) >= RING_HEADER_BYTES + RING_RECORD_HEADER_BYTES, "behind the headers");
    } else {
        PROVE(ring.reserved_bytes == 0, "nothing reserved after an error");
    }
    PROVE(ring.head == head, "nothing is visible yet");
    PROVE(is_sound(&ring), "invariant kept");
    PROVE(records_are_sound(&ring), "record invariant kept");
}

void prove_commit(uint32_t bytes, uint64_t meta)
{
    struct ring ring = any_record_link();
    const struct ring before = ring;

    ring_commit(&ring, bytes, meta);
    PROVE(ring.head - before.head <= free_bytes(&before), "not into what the peer has not read");
    PROVE(is_sound(&ring), "invariant kept");
    PROVE(records_are_sound(&ring), "record invariant kept");
}

void prove_peek(void)
{
    struct ring ring = any_record_link();
    struct ring_record record;
    const uint8_t *data;

    if (ring_peek(&ring, &record, &data) == ERR_OK) {
        PROVE(record.length_bytes > 0 && record.length_bytes <= ring_record_limit(&ring), "length checked");
        PROVE(is_in(data, record.length_bytes, peer, region_bytes), "record in the peer's region");
        PROVE(OFFSET(data) >= RING_HEADER_BYTES + RING_RECORD_HEADER_BYTES, "behind the headers");
    }
    PROVE(is_sound(&ring), "invariant kept");
    PROVE(records_are_sound(&ring), "record invariant kept");
}

void prove_release(void)
{
    struct ring ring = any_record_link();

    ring_release(&ring);
    PROVE(is_sound(&ring), "invariant kept");
    PROVE(records_are_sound(&ring), "record invariant kept");
}

void prove_sync(void)
{
    struct ring ring = any_record_link();
    const bool was_broken = ring.broken;

    PROVE(ring_sync(&ring) || ring.broken == was_broken, "only a peer's restart mends a broken link");
    PROVE(is_sound(&ring), "invariant kept");
    PROVE(records_are_sound(&ring), "record invariant kept");
}

void prove_write(uint32_t bytes)
{
    struct ring ring = any_link();
    const uint32_t head = ring.head;

    make_buffer(bytes);
    const uint32_t count = ring_write(&ring, buffer, bytes);
    PROVE(count <= bytes && ring.head == head + count, "counts what it wrote");
    PROVE(is_sound(&ring), "invariant kept");
}

void prove_read(uint32_t bytes)
{
    struct ring ring = any_link();
    const uint32_t tail = ring.tail;

    make_buffer(bytes);
    const uint32_t count = ring_read(&ring, buffer, bytes);
    PROVE(count <= bytes && ring.tail == tail + count, "counts what it read");
    PROVE(is_sound(&ring), "invariant kept");
}

/* Questions, requests and signals, on either kind of link. */
void prove_rest(uint8_t which, uint32_t number)
{
    struct ring ring = any_record_link();

    switch (which) {
    case 0:
        PROVE(ring_space(&ring) <= ring.capacity_bytes, "no more space than there is");
        break;
    case 1:
        PROVE(ring_available(&ring) <= ring.capacity_bytes, "no more data than there is");
        break;
    case 2:
        (void)ring_request_data(&ring);
        break;
    case 3:
        (void)ring_request_space(&ring, number);
        break;
    case 4:
        ASSUME(number > 0 && number <= ring_record_limit(&ring));
        (void)ring_request_record_space(&ring, number);
        break;
    case 5:
        (void)ring_should_signal_data(&ring);
        break;
    case 6:
        (void)ring_should_signal_space(&ring);
        break;
    default:
        ring_cancel_data(&ring);
        ring_offer(&ring, number);
        (void)ring_peer_offer(&ring);
        break;
    }
    PROVE(is_sound(&ring), "invariant kept");
    PROVE(records_are_sound(&ring), "record invariant kept");
}
