/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why no wake-up is lost: a consumer stores its request, then loads the producer's head; a producer stores
 * its head, then loads the request. Each has a full barrier in between, so at least one of the two sees the
 * other's store: the consumer looks again, or the producer signals. Space works the same with the roles
 * swapped.
 *
 * Why a restart is safe: a side's indices count only from the moment it has published, in peer_epoch, which
 * start of the peer they belong to. It resets them before it publishes that, and the reader looks at
 * peer_epoch before the index and at epoch after it.
 */
#include "lib/ring/ring.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/ring/ring_record.h"

#define RING_REGION_MIN_BYTES 4096u
#define RING_REGION_ALIGN 64u

_Static_assert(sizeof(struct ring_region) == RING_HEADER_BYTES, "data starts behind two cache lines");
_Static_assert(offsetof(struct ring_region, tail) == 64, "producer and consumer index in lines of their own");

static uint32_t load(const uint32_t *field)
{
    return __atomic_load_n(field, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *field, uint32_t value)
{
    __atomic_store_n(field, value, __ATOMIC_RELEASE);
}

static uint32_t offset_of(const struct ring *ring, uint32_t index)
{
    return index & (ring->capacity_bytes - 1);
}

static uint32_t bytes_to_end(const struct ring *ring, uint32_t index)
{
    return ring->capacity_bytes - offset_of(ring, index);
}

/*
 * The peer's present start, or 0 if it is not up. In this order: if magic is there after epoch was read, then
 * the peer had finished resetting its region for that epoch.
 */
static uint32_t peer_start(const struct ring *ring)
{
    uint32_t epoch = load(&ring->peer->epoch);
    return load(&ring->peer->magic) == RING_MAGIC ? epoch : 0;
}

/* First contact needs no reset: nothing of ours was computed from anything of the peer's. */
static bool peer_is_known(struct ring *ring)
{
    if (ring->peer_epoch == 0) {
        ring->peer_epoch = peer_start(ring);
        store(&ring->own->peer_epoch, ring->peer_epoch);
    }
    return ring->peer_epoch != 0;
}

/* The peer's indices belong to our present start. */
static bool peer_is_in_step(const struct ring *ring)
{
    uint32_t acknowledged = load(&ring->peer->peer_epoch);
    return acknowledged == ring->epoch || acknowledged == 0;
}

static bool peer_restarted(const struct ring *ring)
{
    return peer_start(ring) != ring->peer_epoch;
}

/* Nonsense from a peer that is just restarting is no offence: ring_sync() will deal with it. */
static void break_unless_restarted(struct ring *ring)
{
    if (!peer_restarted(ring)) {
        ring->broken = true;
    }
}

/* Read one of the peer's indices: *index moves on to it if it lies within `limit` of the old value. */
static void refresh(struct ring *ring, const uint32_t *field, uint32_t *index, uint32_t limit)
{
    if (ring->broken || !peer_is_known(ring) || !peer_is_in_step(ring)) {
        return;
    }
    uint32_t untrusted_index = load(field);
    if (peer_restarted(ring)) {
        return;
    }
    if (untrusted_index - *index > limit) {
        ring->broken = true;
        return;
    }
    *index = untrusted_index;
}

static uint32_t unread_bytes(const struct ring *ring)
{
    return ring->peer_head - ring->tail;
}

static uint32_t free_bytes(const struct ring *ring)
{
    return ring->capacity_bytes - (ring->head - ring->peer_tail);
}

static void refresh_head(struct ring *ring)
{
    refresh(ring, &ring->peer->head, &ring->peer_head, ring->capacity_bytes - unread_bytes(ring));
}

static void refresh_tail(struct ring *ring)
{
    refresh(ring, &ring->peer->tail, &ring->peer_tail, ring->head - ring->peer_tail);
}

static void reset_indices(struct ring *ring)
{
    ring->head = 0;
    ring->tail = 0;
    ring->freed = 0;
    ring->peer_head = 0;
    ring->peer_tail = 0;
    ring->reserved_bytes = 0;
    ring->padding_bytes = 0;
    ring->peeked_bytes = 0;
    ring->asked_head = 0;
    ring->asked_tail = 0;
    ring->answered_data = 0;
    ring->answered_space = 0;
    ring->broken = false;
    store(&ring->own->head, 0);
    store(&ring->own->tail, 0);
}

enum err ring_init(struct ring *ring, void *own, const void *peer, uint32_t region_bytes)
{
    if (region_bytes < RING_REGION_MIN_BYTES) {
        return ERR_RANGE;
    }
    if ((uintptr_t)own % RING_REGION_ALIGN != 0 || (uintptr_t)peer % RING_REGION_ALIGN != 0) {
        return ERR_ALIGN;
    }
    uint32_t capacity = RING_REGION_MIN_BYTES / 2;
    while (capacity <= (region_bytes - RING_HEADER_BYTES) / 2) {
        capacity *= 2;
    }
    *ring = (struct ring){.own = own, .peer = peer, .capacity_bytes = capacity};

    store(&ring->own->magic, 0);
    ring->epoch = load(&ring->own->epoch) + 1;
    if (ring->epoch == 0) {
        ring->epoch = 1;
    }
    store(&ring->own->epoch, ring->epoch);
    store(&ring->own->offer, 0);
    store(&ring->own->want_data, 0);
    store(&ring->own->want_space, 0);
    store(&ring->own->peer_epoch, 0);
    reset_indices(ring);
    store(&ring->own->magic, RING_MAGIC);
    (void)peer_is_known(ring);
    return ERR_OK;
}

bool ring_sync(struct ring *ring)
{
    if (!peer_is_known(ring)) {
        return false;
    }
    uint32_t epoch = peer_start(ring);
    if (epoch == 0 || epoch == ring->peer_epoch) {
        return false;
    }
    reset_indices(ring);
    ring->peer_epoch = epoch;
    store(&ring->own->peer_epoch, epoch);
    return true;
}

bool ring_is_broken(const struct ring *ring)
{
    return ring->broken;
}

void ring_offer(struct ring *ring, uint32_t bits)
{
    store(&ring->own->offer, bits);
}

uint32_t ring_peer_offer(const struct ring *ring)
{
    return peer_start(ring) != 0 ? load(&ring->peer->offer) : 0;
}

/* Records. */

uint32_t ring_record_limit(const struct ring *ring)
{
    return ring->capacity_bytes / 2 - RING_RECORD_HEADER_BYTES;
}

/* Space a record needs where the ring stands now; *padding of it in front. */
static uint32_t record_need(const struct ring *ring, uint32_t length_bytes, uint32_t *padding)
{
    uint32_t span = record_span(length_bytes);
    uint32_t to_end = bytes_to_end(ring, ring->head);
    *padding = span > to_end ? to_end : 0;
    return *padding + span;
}

static struct record_header *own_header(struct ring *ring, uint32_t index)
{
    return (struct record_header *)(void *)&ring->own->data[offset_of(ring, index)];
}

enum err ring_reserve(struct ring *ring, uint32_t length_bytes, uint8_t **data)
{
    ring->reserved_bytes = 0;
    if (length_bytes == 0 || length_bytes > ring_record_limit(ring)) {
        return ERR_RANGE;
    }
    uint32_t padding;
    uint32_t need = record_need(ring, length_bytes, &padding);
    if (free_bytes(ring) < need) {
        refresh_tail(ring);
    }
    if (ring->broken) {
        return ERR_OVERRUN;
    }
    if (free_bytes(ring) < need) {
        return ERR_SPACE;
    }
    ring->reserved_bytes = need - padding;
    ring->padding_bytes = padding;
    *data = (uint8_t *)(own_header(ring, ring->head + padding) + 1);
    return ERR_OK;
}

void ring_commit(struct ring *ring, uint32_t length_bytes, uint64_t meta)
{
    bool fits = length_bytes > 0 && length_bytes <= ring->reserved_bytes &&
                record_span(length_bytes) <= ring->reserved_bytes;
    uint32_t span = record_span(length_bytes);
    ring->reserved_bytes = 0;
    if (!fits) {
        return;
    }
    if (ring->padding_bytes > 0) {
        *own_header(ring, ring->head) = (struct record_header){.kind = RECORD_PADDING};
        ring->head += ring->padding_bytes;
    }
    *own_header(ring, ring->head) =
        (struct record_header){.kind = RECORD_DATA, .length_bytes = length_bytes, .meta = meta};
    ring->head += span;
    store(&ring->own->head, ring->head);
}

/* One copy of the header at the tail. The peer may be changing it meanwhile: hence volatile, read once. */
static struct record_header read_header(const struct ring *ring)
{
    const volatile struct record_header *untrusted_header =
        (const volatile struct record_header *)(const volatile void *)&ring->peer
            ->data[offset_of(ring, ring->tail)];
    return (struct record_header){.kind = untrusted_header->kind,
                                  .length_bytes = untrusted_header->length_bytes,
                                  .meta = untrusted_header->meta};
}

static bool skip_padding(struct ring *ring, uint32_t length_bytes)
{
    uint32_t to_end = bytes_to_end(ring, ring->tail);
    uint32_t bytes = length_bytes == 0 ? to_end : length_bytes;
    if (bytes % RING_RECORD_ALIGN != 0 || bytes > to_end || bytes >= unread_bytes(ring)) {
        return false; /* a producer publishes padding only together with the record behind it */
    }
    ring->tail += bytes;
    return true;
}

static bool header_is_sound(const struct ring *ring, const struct record_header *header)
{
    return header->kind == RECORD_DATA && header->length_bytes > 0 &&
           header->length_bytes <= ring_record_limit(ring) &&
           record_span(header->length_bytes) <= unread_bytes(ring) &&
           record_span(header->length_bytes) <= bytes_to_end(ring, ring->tail);
}

enum err ring_peek(struct ring *ring, struct ring_record *record, const uint8_t **data)
{
    ring->peeked_bytes = 0;
    if (unread_bytes(ring) == 0 && !ring->is_paced) {
        refresh_head(ring);
    }
    if (ring->broken) {
        return ERR_OVERRUN;
    }
    if (unread_bytes(ring) == 0) {
        return ERR_EMPTY;
    }
    struct record_header header = {0};
    /* All lengths published by an honest peer are multiples of 16, so a whole header is there. */
    bool sound = unread_bytes(ring) % RING_RECORD_ALIGN == 0;
    if (sound) {
        header = read_header(ring);
        if (header.kind == RECORD_PADDING && skip_padding(ring, header.length_bytes)) {
            header = read_header(ring);
        }
        sound = header_is_sound(ring, &header);
    }
    if (!sound) {
        break_unless_restarted(ring);
        return ring->broken ? ERR_FORMAT : ERR_EMPTY;
    }
    *record = (struct ring_record){.meta = header.meta, .length_bytes = header.length_bytes};
    *data = &ring->peer->data[offset_of(ring, ring->tail) + RING_RECORD_HEADER_BYTES];
    ring->peeked_bytes = record_span(header.length_bytes);
    return ERR_OK;
}

void ring_release(struct ring *ring)
{
    ring->tail += ring->peeked_bytes;
    ring->peeked_bytes = 0;
    ring->freed = ring->tail;
    store(&ring->own->tail, ring->tail);
}

/* Byte streams. */

uint32_t ring_write(struct ring *ring, const void *bytes, uint32_t length_bytes)
{
    if (free_bytes(ring) < length_bytes) {
        refresh_tail(ring);
    }
    uint32_t count = free_bytes(ring) < length_bytes ? free_bytes(ring) : length_bytes;
    if (ring->broken || count == 0) {
        return 0;
    }
    uint32_t to_end = bytes_to_end(ring, ring->head);
    uint32_t first = count < to_end ? count : to_end;
    memcpy(&ring->own->data[offset_of(ring, ring->head)], bytes, first);
    memcpy(ring->own->data, (const uint8_t *)bytes + first, count - first);
    ring->head += count;
    store(&ring->own->head, ring->head);
    return count;
}

uint32_t ring_read(struct ring *ring, void *bytes, uint32_t length_bytes)
{
    if (unread_bytes(ring) < length_bytes) {
        refresh_head(ring);
    }
    uint32_t count = unread_bytes(ring) < length_bytes ? unread_bytes(ring) : length_bytes;
    if (ring->broken || count == 0) {
        return 0;
    }
    uint32_t to_end = bytes_to_end(ring, ring->tail);
    uint32_t first = count < to_end ? count : to_end;
    memcpy(bytes, &ring->peer->data[offset_of(ring, ring->tail)], first);
    memcpy((uint8_t *)bytes + first, ring->peer->data, count - first);
    ring->tail += count;
    ring->freed = ring->tail;
    store(&ring->own->tail, ring->tail);
    return count;
}

uint32_t ring_space(struct ring *ring)
{
    refresh_tail(ring);
    return ring->broken ? 0 : free_bytes(ring);
}

uint32_t ring_available(struct ring *ring)
{
    refresh_head(ring);
    /* What a peer that restarted left behind is not worth a look: ring_peek() may refuse it. */
    return ring->broken || peer_restarted(ring) ? 0 : unread_bytes(ring);
}

/* Signals. */

static uint32_t next_request(struct ring *ring)
{
    ring->request++;
    if (ring->request == 0) {
        ring->request = 1;
    }
    return ring->request;
}

bool ring_request_data(struct ring *ring)
{
    store(&ring->own->want_data, next_request(ring));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_available(ring) > 0;
}

bool ring_look(struct ring *ring)
{
    ring->is_paced = true;
    return ring_request_data(ring);
}

void ring_cancel_data(struct ring *ring)
{
    store(&ring->own->want_data, 0);
}

bool ring_request_space(struct ring *ring, uint32_t bytes)
{
    store(&ring->own->space_at, ring->head + bytes - ring->capacity_bytes);
    store(&ring->own->want_space, next_request(ring));
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return ring_space(ring) >= bytes;
}

bool ring_request_record_space(struct ring *ring, uint32_t length_bytes)
{
    uint32_t padding;
    return ring_request_space(ring, record_need(ring, length_bytes, &padding));
}

/*
 * A peer that does not follow our present start, or restarted itself, is woken to ring_sync(): a signal too
 * many is harmless, one too few is not.
 */
static bool peer_needs_sync(const struct ring *ring)
{
    return !peer_is_in_step(ring) || peer_restarted(ring);
}

bool ring_should_signal_data(struct ring *ring)
{
    if (ring->head == ring->asked_head) {
        return false; /* nothing new for the peer; whatever it asks now, it looks by itself */
    }
    ring->asked_head = ring->head;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (ring->broken || !peer_is_known(ring)) {
        return false;
    }
    if (peer_needs_sync(ring)) {
        return true;
    }
    uint32_t request = load(&ring->peer->want_data);
    if (request == 0 || request == ring->answered_data) {
        return false;
    }
    ring->answered_data = request;
    return true;
}

bool ring_should_signal_space(struct ring *ring)
{
    if (ring->freed == ring->asked_tail) {
        return false;
    }
    ring->asked_tail = ring->freed;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (ring->broken || !peer_is_known(ring)) {
        return false;
    }
    if (peer_needs_sync(ring)) {
        return true;
    }
    uint32_t request = load(&ring->peer->want_space);
    if (request == 0 || request == ring->answered_space) {
        return false;
    }
    if ((int32_t)(ring->freed - load(&ring->peer->space_at)) < 0) {
        return false;
    }
    ring->answered_space = request;
    return true;
}
