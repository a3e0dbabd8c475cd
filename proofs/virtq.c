/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device's side of a virtqueue, with a driver that may write anything at any time, in guest RAM of any
 * size. A chain is walked, and a buffer copied, by steps: one step from any state that satisfies the
 * invariant keeps it, so queues of any size and chains of any length are covered.
 *
 * @contract Whatever the driver writes: every access lies in guest RAM, a chain is bounded by the queue and
 * its segments lie in RAM, no more chains are taken than the driver added, a copy moves what there is and no
 * more.
 * @bound none, except the loop of a kick's request: queues of 4
 *
 * @with
 * lib/virtq/virtq.h
 * -     struct virtq_segment segments[VIRTQ_MAX_SIZE];
 * +     struct virtq_segment segments[1];
 * @with
 * lib/virtq/virtq.c
 * -     struct virtq_segment *segment = &chain->segments[index];
 * +     struct virtq_segment *segment = any_segment(index);
 *
 * @run prove_enable
 * @defect prove_enable: the used ring lies in RAM
 * lib/virtq/virtq.c
 * -         err = part(mem, layout->used, VIRTQ_USED_ALIGN, 6 + 8 * size, &used);
 * +         err = part(mem, layout->used, VIRTQ_USED_ALIGN, 4 + 8 * size, &used);
 *
 * @run prove_step
 * @defect prove_step: the table lies in RAM
 * lib/virtq/virtq.c
 * -     const enum err err = guestmem_translate(vq->mem, gpa_of(desc->addr), desc->len, &host);
 * +     const enum err err = guestmem_translate(vq->mem, gpa_of(desc->addr), desc->len / 16, &host);
 *
 * @defect prove_step: the chain stays sound
 * lib/virtq/virtq.c
 * -     if (index >= vq->size) {
 * +     if (index > vq->size) {
 *
 * @defect prove_step: each step adds a segment, except one
 * lib/virtq/virtq.c
 * -     if (!vq->features.indirect || table->indirect || (desc->flags & VIRTQ_DESC_F_NEXT) != 0) {
 * +     if (!vq->features.indirect || (desc->flags & VIRTQ_DESC_F_NEXT) != 0) {
 *
 * @run prove_pop
 * @defect prove_pop: load inside the area
 * lib/virtq/virtq.c
 * -     chain->head = load16(&vq->avail->ring[vq->next_avail & (vq->size - 1)]);
 * +     chain->head = load16(&vq->avail->ring[vq->next_avail & (2 * vq->size - 1)]);
 * @with prove_pop
 * lib/virtq/virtq.c
 * -     const enum err err = walk(vq, chain);
 * +     const enum err err = any_walk(vq, chain);
 *
 * @run prove_look
 * @defect prove_look: no more chains than the queue has
 * lib/virtq/virtq.c
 * -     if (outstanding > vq->size || outstanding < before) {
 * +     if (outstanding < before) {
 *
 * @run prove_kick --unwind 6
 * @defect prove_kick: no more chains than the queue has
 * lib/virtq/virtq.c
 * -         vq->overrun = true;
 * -         return true;
 * +         vq->seen_avail = index;
 * +         vq->overrun = true;
 * +         return true;
 *
 * @run prove_rest
 * @defect prove_rest: store inside the area
 * lib/virtq/virtq.c
 * -     struct virtq_used_elem *elem = &vq->used->ring[vq->next_used & (vq->size - 1)];
 * +     struct virtq_used_elem *elem = &vq->used->ring[vq->next_used];
 *
 * @run prove_read
 * @defect prove_read: all that there is so far
 * lib/virtq/virtq.c
 * -         memcpy(out + done, segment->host + offset, (size_t)count);
 * -         done += count;
 * -         offset = 0;
 * +         memcpy(out + done, segment->host + offset, (size_t)count);
 * +         done += count;
 * @with prove_read
 * lib/virtq/virtq.c
 * -     for (unsigned int i = 0; i < chain->readable_count && done < bytes; i++) {
 * -         const struct virtq_segment *segment = &chain->segments[i];
 * +     for (unsigned int i = any_turn(chain, bytes, &offset, &done); turn_is_next(&i, offset, done);) {
 * +         const struct virtq_segment *segment = any_segment(i);
 *
 * @run prove_write
 * @defect prove_write: copy inside the area
 * lib/virtq/virtq.c
 * -         memcpy(segment->host + offset, in + done, (size_t)count);
 * +         memcpy(segment->host + offset, in + done, (size_t)(bytes - done));
 * @with prove_write
 * lib/virtq/virtq.c
 * -     for (unsigned int i = chain->readable_count; i < end && done < bytes; i++) {
 * -         const struct virtq_segment *segment = &chain->segments[i];
 * +     for (unsigned int i = any_turn(chain, bytes, &offset, &done); turn_is_next(&i, offset, done);) {
 * +         const struct virtq_segment *segment = any_segment(i);
 */
#include "proofs/hostile.h"

#include "lib/base/mem.h"
#include "lib/virtq/virtq.h"

struct virtq_desc nondet_desc(void);
struct virtq nondet_virtq(void);

static struct virtq vq;
static struct guestmem mem;
static struct virtq_chain chain;
static uint8_t *buffer; /* the caller's, for copies */
static uint64_t buffer_bytes;

static void copy_guest(const void *at, uint64_t bytes)
{
    PROVE(area_has(at, bytes), "copy inside the area");
}

static void copy(const void *to, const void *from, uint64_t bytes)
{
    const void *own = OBJECT(to) == OBJECT(buffer) ? to : from;

    copy_guest(own == to ? from : to, bytes);
    PROVE(OBJECT(own) == OBJECT(buffer) && OFFSET(own) <= buffer_bytes && bytes <= buffer_bytes - OFFSET(own),
          "copy inside the caller's buffer");
}

/* The segments of a chain: any one of them, and all others. */
static uint32_t witness_index;
static struct virtq_segment witness, other;

static struct virtq_segment *any_segment(uint32_t index)
{
    PROVE(index < VIRTQ_MAX_SIZE, "a segment of the chain");
    return index == witness_index ? &witness : &other;
}

/* What proofs/guestmem.c proves of the door to guest memory: what it lets pass lies inside, and as far into a
   page as the address, since the memory starts on one. */
static enum err translate(const struct guestmem *door, gpa_t address, uint64_t bytes, uint8_t **host)
{
    const uint64_t offset = nondet_u64();

    PROVE(door == &mem, "the guest's own memory");
    if (nondet_bool()) {
        return ERR_RANGE;
    }
    ASSUME(offset <= area_bytes && bytes <= area_bytes - offset);
    ASSUME(((offset ^ address.value) & (AREA_ALIGN - 1)) == 0);
    *host = area + offset;
    return ERR_OK;
}

/* Stand-ins for loops, see the top. */
static enum err any_walk(const struct virtq *queue, struct virtq_chain *result);
static unsigned int any_turn(const struct virtq_chain *of, uint64_t bytes, uint64_t *offset, uint64_t *done);
static bool turn_is_next(unsigned int *i, uint64_t offset, uint64_t done);

#define mem_copy_once(to, from, bytes) (copy_guest(from, bytes), *(to) = nondet_desc())
#define memcpy(to, from, bytes) copy(to, from, bytes)
#define guestmem_translate(door, address, bytes, host) translate(door, address, bytes, host)
#include "lib/virtq/virtq.c"

static uint32_t segment_count(void)
{
    return (uint32_t)chain.readable_count + chain.writable_count;
}

/* What holds of a chain between two steps. */
static bool chain_is_sound(void)
{
    return segment_count() <= vq.size &&
           (witness_index >= segment_count() || area_has(witness.host, witness.bytes));
}

static bool queue_is_sound(void)
{
    return vq.size != 0 && vq.size <= VIRTQ_MAX_SIZE && (vq.size & (vq.size - 1)) == 0 && vq.mem == &mem &&
           area_has(vq.desc, sizeof(struct virtq_desc) * (uint64_t)vq.size);
}

/* What the device has not given back is what it may pop and what it holds; `size` in all. */
static bool counts_are_sound(void)
{
    return (uint16_t)(vq.next_avail - vq.published_used) <= (uint16_t)(vq.seen_avail - vq.published_used) &&
           (uint16_t)(vq.seen_avail - vq.published_used) <= vq.size;
}

static void make_memory(void)
{
    area_make();
    mem = (struct guestmem){.base = nondet_u64(), .bytes = area_bytes, .host = area};
}

/* An enabled queue in any state that it can be in later. */
static void make_queue(void)
{
    const struct virtq_layout layout = {nondet_u16(), {nondet_u64()}, {nondet_u64()}, {nondet_u64()}};
    const struct virtq_features features = {nondet_bool(), nondet_bool()};

    make_memory();
    ASSUME(virtq_enable(&vq, &mem, &layout, VIRTQ_MAX_SIZE, features) == ERR_OK);
    vq.next_avail = nondet_u16();
    vq.seen_avail = nondet_u16();
    vq.next_used = nondet_u16();
    vq.published_used = nondet_u16();
    vq.signalled_used = nondet_u16();
    vq.signalled_valid = nondet_bool();
    vq.overrun = nondet_bool();
    vq.broken = nondet_bool();
}

void prove_enable(uint16_t max_size)
{
    const struct virtq_layout layout = {nondet_u16(), {nondet_u64()}, {nondet_u64()}, {nondet_u64()}};
    const struct virtq_features features = {nondet_bool(), nondet_bool()};

    make_memory();
    if (virtq_enable(&vq, &mem, &layout, max_size, features) != ERR_OK) {
        PROVE(!virtq_is_ready(&vq) && vq.desc == NULL && vq.mem == NULL, "disabled after an error");
        return;
    }
    PROVE(queue_is_sound() && vq.size <= max_size, "the size and the descriptors are sound");
    PROVE(area_has(vq.avail, 6 + 2 * (uint64_t)vq.size), "the available ring lies in RAM");
    PROVE(area_has(vq.used, 6 + 8 * (uint64_t)vq.size), "the used ring lies in RAM");
    PROVE(counts_are_sound() && virtq_is_ready(&vq), "ready from the start");
}

/* Any chain that is being walked, as far as any one segment and the sums are concerned. */
static void make_chain(void)
{
    const uint64_t offset = nondet_u64();

    ASSUME(offset <= area_bytes);
    witness_index = nondet_u32();
    witness.host = area + offset;
    witness.bytes = nondet_u32();
    chain.readable_count = nondet_u16();
    chain.writable_count = nondet_u16();
    chain.readable_bytes = nondet_u64();
    chain.writable_bytes = nondet_u64();
    ASSUME(chain_is_sound());
}

void prove_step(uint32_t next)
{
    struct table table = {.count = nondet_u32(), .indirect = nondet_bool()};
    const uint64_t offset = nondet_u64();
    bool last = nondet_bool();

    make_queue();
    make_chain();
    ASSUME(offset <= area_bytes);
    table.desc = area + offset;
    ASSUME(area_has(table.desc, sizeof(struct virtq_desc) * (uint64_t)table.count));
    const uint32_t count = segment_count();
    const uint64_t sum = chain.readable_bytes + chain.writable_bytes;
    const bool was_indirect = table.indirect;
    const enum err err = step(&vq, &table, &next, &chain, &last);
    if (err != ERR_OK) {
        return;
    }
    PROVE(area_has(table.desc, sizeof(struct virtq_desc) * (uint64_t)table.count), "the table lies in RAM");
    PROVE(chain_is_sound(), "the chain stays sound");
    PROVE((segment_count() == count + 1 && table.indirect == was_indirect) ||
              (segment_count() == count && !was_indirect && table.indirect),
          "each step adds a segment, except one");
    if (segment_count() == count) {
        PROVE(chain.readable_bytes + chain.writable_bytes == sum, "the sums stay");
    } else if (count == witness_index) {
        PROVE(chain.readable_bytes + chain.writable_bytes == sum + witness.bytes,
              "the sums are those of the segments");
    }
    PROVE(!last || segment_count() != 0, "no chain is empty");
}

/* What walk() does by any number of steps. */
static enum err any_walk(const struct virtq *queue, struct virtq_chain *result)
{
    PROVE(queue == &vq && queue_is_sound(), "a sound queue");
    PROVE(result->readable_count == 0 && result->writable_count == 0 && result->readable_bytes == 0 &&
              result->writable_bytes == 0,
          "a walk starts with nothing");
    make_chain();
    return nondet_bool() ? ERR_OK : ERR_RANGE;
}

void prove_pop(void)
{
    make_queue();
    ASSUME(counts_are_sound());
    const uint16_t before = vq.next_avail;
    const bool any = vq.next_avail != vq.seen_avail;
    const enum err err = virtq_pop(&vq, &chain);

    PROVE(counts_are_sound(), "no more chains than the driver added");
    PROVE(vq.next_avail == (uint16_t)(before + (err == ERR_OK)),
          "a chain is taken exactly if there is no error");
    PROVE(err != ERR_OK || any, "an empty queue gives nothing");
    PROVE(err == ERR_OK || err == ERR_EMPTY || !virtq_is_ready(&vq), "other errors break the queue");
}

void prove_look(void)
{
    make_queue();
    ASSUME(counts_are_sound());
    const uint16_t outstanding = (uint16_t)(vq.seen_avail - vq.published_used);
    const bool moved = virtq_look(&vq);
    const uint16_t now = (uint16_t)(vq.seen_avail - vq.published_used);

    PROVE(counts_are_sound(), "no more chains than the queue has");
    PROVE(now >= outstanding, "what was seen stays");
    /* So that virtq_request_kick() ends: a turn that is not the last brings it nearer to `size`. */
    PROVE(!moved || vq.overrun || now > outstanding, "it has moved only if there is more");
}

void prove_kick(void)
{
    make_queue();
    ASSUME(counts_are_sound() && vq.size <= 4);
    (void)virtq_request_kick(&vq);
    PROVE(counts_are_sound(), "no more chains than the queue has");
}

void prove_rest(uint8_t which, uint16_t head, uint32_t number)
{
    make_queue();
    switch (which) {
    case 0:
        virtq_push(&vq, head, number);
        break;
    case 1:
        virtq_disable_kicks(&vq);
        break;
    case 2:
        (void)virtq_should_interrupt(&vq);
        break;
    case 3:
        virtq_follow_used(&vq);
        break;
    case 4:
        virtq_cancel_used(&vq, head);
        break;
    case 5:
        virtq_unpop(&vq, head);
        break;
    default:
        (void)virtq_left(&vq);
        break;
    }
    PROVE(queue_is_sound(), "the queue stays as it was set up");
}

/* The loops of copies: the turn for segment `turn`, in front of which the chain has `in_front` bytes. */
static uint32_t turn;
static bool is_over;
static uint64_t in_front, wanted, first, total;

/* Between two turns: what was skipped, or copied, makes the bytes in front; done once it is all or enough. */
static bool turn_is_sound(uint64_t front, uint64_t offset, uint64_t done)
{
    return done <= wanted &&
           (done == 0 ? (offset == first - front && front <= first) || (offset == 0 && front == first)
                      : (offset == 0 && (done == wanted || done == front - first)));
}

static unsigned int any_turn(const struct virtq_chain *of, uint64_t bytes, uint64_t *offset, uint64_t *done)
{
    PROVE(of == &chain && bytes == wanted && *done == 0 && *offset == first, "it starts with nothing");
    PROVE(turn_is_sound(0, *offset, *done), "sound from the start");
    *offset = nondet_u64();
    *done = nondet_u64();
    ASSUME(turn_is_sound(in_front, *offset, *done) && *done < wanted);
    is_over = false;
    return turn;
}

/* One turn only, at whose end it looks at what the next would find. */
static bool turn_is_next(unsigned int *i, uint64_t offset, uint64_t done)
{
    if (!is_over) {
        is_over = true;
        return true;
    }
    PROVE(*i == turn, "the turn's own segment");
    PROVE(turn_is_sound(in_front + witness.bytes, offset, done), "all that there is so far");
    return false;
}

/* Any segment `turn` of a chain as virtq_pop() leaves it, any offset and length. */
static void make_turn(void)
{
    make_queue();
    make_chain();
    turn = witness_index;
    in_front = nondet_u64();
    wanted = nondet_u64();
    first = nondet_u64();
    ASSUME(turn < segment_count() && in_front <= 1ull << 42 && wanted <= AREA_MAX);
    buffer_bytes = wanted;
    buffer = malloc(buffer_bytes);
    ASSUME(buffer != NULL);
}

void prove_read(void)
{
    make_turn();
    (void)virtq_chain_read(&chain, first, buffer, wanted);
}

void prove_write(void)
{
    make_turn();
    (void)virtq_chain_write(&chain, first, buffer, wanted);
}
