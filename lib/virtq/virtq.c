/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/virtq/virtq.h"

#include <stddef.h>

#include "lib/base/mem.h"

_Static_assert(sizeof(struct virtq_desc) == 16, "virtio 1.2, 2.7.5");
_Static_assert(sizeof(struct virtq_used_elem) == 8, "virtio 1.2, 2.7.8");
_Static_assert((VIRTQ_MAX_SIZE & (VIRTQ_MAX_SIZE - 1)) == 0 && VIRTQ_MAX_SIZE <= 32768, "virtio 1.2, 2.7");

/* The rings are shared with a running guest: each look is one atomic access, never repeated. */
static uint16_t load16(const uint16_t *address)
{
    return __atomic_load_n(address, __ATOMIC_RELAXED);
}

static void store16(uint16_t *address, uint16_t value)
{
    __atomic_store_n(address, value, __ATOMIC_RELAXED);
}

/* avail->ring[size] */
static const uint16_t *used_event(const struct virtq *vq)
{
    return &vq->avail->ring[vq->size];
}

/* What would be used->ring[size].id, of which only two bytes exist. */
static uint16_t *avail_event(const struct virtq *vq)
{
    return (uint16_t *)(void *)&vq->used->ring[vq->size];
}

static enum err part(const struct guestmem *mem, gpa_t address, uint64_t align, uint64_t bytes,
                     uint8_t **host)
{
    if ((address.value & (align - 1)) != 0) {
        return ERR_ALIGN;
    }
    return guestmem_translate(mem, address, bytes, host);
}

enum err virtq_enable(struct virtq *vq, const struct guestmem *mem, const struct virtq_layout *layout,
                      uint16_t max_size, struct virtq_features features)
{
    const uint64_t size = layout->size;
    uint8_t *desc, *avail, *used;

    virtq_disable(vq);
    if (size == 0 || size > max_size || size > VIRTQ_MAX_SIZE || (size & (size - 1)) != 0) {
        return ERR_FORMAT;
    }
    /* The event words behind the rings exist whether or not EVENT_IDX is negotiated (section 2.7). */
    enum err err = part(mem, layout->desc, VIRTQ_DESC_ALIGN, 16 * size, &desc);
    if (err == ERR_OK) {
        err = part(mem, layout->avail, VIRTQ_AVAIL_ALIGN, 6 + 2 * size, &avail);
    }
    if (err == ERR_OK) {
        err = part(mem, layout->used, VIRTQ_USED_ALIGN, 6 + 8 * size, &used);
    }
    if (err != ERR_OK) {
        return err;
    }
    vq->mem = mem;
    vq->desc = desc;
    vq->avail = (struct virtq_avail *)(void *)avail;
    vq->used = (struct virtq_used *)(void *)used;
    vq->size = layout->size;
    vq->features = features;
    vq->ready = true;
    return ERR_OK;
}

void virtq_disable(struct virtq *vq)
{
    *vq = (struct virtq){0};
}

bool virtq_is_ready(const struct virtq *vq)
{
    return vq->ready && !vq->broken;
}

static enum err break_queue(struct virtq *vq, enum err err)
{
    vq->broken = true;
    return err;
}

/*
 * Adopt `index` as what may be popped. The driver has at most `size` chains that it has not got back, and it
 * takes none back: anything else shows as ERR_OVERRUN once what was good before is popped.
 */
static bool adopt(struct virtq *vq, uint16_t index)
{
    const uint16_t outstanding = (uint16_t)(index - vq->published_used);
    const uint16_t before = (uint16_t)(vq->seen_avail - vq->published_used);

    if (outstanding > vq->size || outstanding < before) {
        vq->overrun = true;
        return true;
    }
    const bool moved = index != vq->seen_avail;
    vq->seen_avail = index;
    return moved;
}

static uint16_t load_avail_index(const struct virtq *vq)
{
    const uint16_t *index = &vq->avail->idx;

    /* Acquire: the ring entries and descriptors that this index covers are read after it. */
    return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

bool virtq_look(struct virtq *vq)
{
    return virtq_is_ready(vq) && adopt(vq, load_avail_index(vq));
}

bool virtq_request_kick(struct virtq *vq)
{
    bool moved = virtq_look(vq);

    if (!virtq_is_ready(vq)) {
        return false;
    }
    /* Each further turn takes a driver that has added chains meanwhile, of which it has at most `size`. */
    for (bool again = true; again && !vq->overrun;) {
        if (vq->features.event_idx) {
            store16(avail_event(vq), vq->seen_avail);
        } else {
            store16(&vq->used->flags, 0);
        }
        /* Full barrier: the request is visible before we look at the index again. The driver does the mirror
           image (index, barrier, look at the request), so one of the two sees the other. */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        again = adopt(vq, load_avail_index(vq));
        moved |= again;
    }
    return moved;
}

/* A table of descriptors being walked: the queue's own or an indirect one. */
struct table {
    const uint8_t *desc;
    uint32_t count;
    bool indirect;
};

static struct virtq_desc copy_desc(const uint8_t *from)
{
    struct virtq_desc copy;

    /* Bytewise, because an indirect table may lie at any address (section 2.7.5.3 asks for no alignment). */
    mem_copy_once(&copy, from, sizeof copy);
    return copy;
}

static enum err enter_indirect(const struct virtq *vq, const struct virtq_desc *desc, struct table *table)
{
    uint8_t *host;

    if (!vq->features.indirect || table->indirect || (desc->flags & VIRTQ_DESC_F_NEXT) != 0) {
        return ERR_FORMAT;
    }
    if (desc->len == 0 || desc->len % sizeof(struct virtq_desc) != 0) {
        return ERR_FORMAT;
    }
    const enum err err = guestmem_translate(vq->mem, gpa_of(desc->addr), desc->len, &host);
    if (err == ERR_OK) {
        table->desc = host;
        table->count = desc->len / (uint32_t)sizeof(struct virtq_desc);
        table->indirect = true;
    }
    return err;
}

static enum err add_segment(const struct virtq *vq, const struct virtq_desc *desc, struct virtq_chain *chain)
{
    const unsigned int index = (unsigned int)chain->readable_count + chain->writable_count;

    if (index >= vq->size) {
        return ERR_LOOP;
    }
    struct virtq_segment *segment = &chain->segments[index];
    segment->bytes = desc->len;
    if (guestmem_translate(vq->mem, gpa_of(desc->addr), desc->len, &segment->host) != ERR_OK) {
        return ERR_RANGE;
    }
    if ((desc->flags & VIRTQ_DESC_F_WRITE) != 0) {
        chain->writable_count++;
        chain->writable_bytes += desc->len;
    } else if (chain->writable_count != 0) {
        return ERR_FORMAT; /* section 2.7.4.2: all readable ones come first */
    } else {
        chain->readable_count++;
        chain->readable_bytes += desc->len;
    }
    return ERR_OK;
}

/* Take descriptor `*next` of `table`. Then *next is the one that follows, unless it was the *last of its
 * chain. */
static enum err step(const struct virtq *vq, struct table *table, uint32_t *next, struct virtq_chain *chain,
                     bool *last)
{
    if (*next >= table->count) {
        return ERR_RANGE;
    }
    const struct virtq_desc desc = copy_desc(table->desc + (size_t)*next * sizeof desc);
    if ((desc.flags & VIRTQ_DESC_F_INDIRECT) != 0) {
        *next = 0;
        *last = false;
        return enter_indirect(vq, &desc, table);
    }
    *next = desc.next;
    *last = (desc.flags & VIRTQ_DESC_F_NEXT) == 0;
    return add_segment(vq, &desc, chain);
}

static enum err walk(const struct virtq *vq, struct virtq_chain *chain)
{
    struct table table = {.desc = vq->desc, .count = vq->size, .indirect = false};
    uint32_t next = chain->head;

    /* Ends after at most size + 1 steps: each adds a segment, except the one that enters a table. */
    for (;;) {
        bool last;
        const enum err err = step(vq, &table, &next, chain, &last);
        if (err != ERR_OK || last) {
            return err;
        }
    }
}

enum err virtq_pop(struct virtq *vq, struct virtq_chain *chain)
{
    if (!virtq_is_ready(vq)) {
        return ERR_STATE;
    }
    if (vq->next_avail == vq->seen_avail) {
        return vq->overrun ? break_queue(vq, ERR_OVERRUN) : ERR_EMPTY;
    }
    chain->head = load16(&vq->avail->ring[vq->next_avail & (vq->size - 1)]);
    chain->readable_count = 0;
    chain->writable_count = 0;
    chain->readable_bytes = 0;
    chain->writable_bytes = 0;
    const enum err err = walk(vq, chain);
    if (err != ERR_OK) {
        return break_queue(vq, err);
    }
    vq->next_avail++;
    return ERR_OK;
}

void virtq_unpop(struct virtq *vq, uint16_t count)
{
    if (virtq_is_ready(vq)) {
        vq->next_avail = (uint16_t)(vq->next_avail - count);
    }
}

uint16_t virtq_left(const struct virtq *vq)
{
    return virtq_is_ready(vq) ? (uint16_t)(vq->seen_avail - vq->next_avail) : 0;
}

void virtq_add_used(struct virtq *vq, uint16_t head, uint32_t written_bytes)
{
    if (!vq->ready) {
        return;
    }
    struct virtq_used_elem *elem = &vq->used->ring[vq->next_used & (vq->size - 1)];
    __atomic_store_n(&elem->id, (uint32_t)head, __ATOMIC_RELAXED);
    __atomic_store_n(&elem->len, written_bytes, __ATOMIC_RELAXED);
    vq->next_used++;
}

void virtq_cancel_used(struct virtq *vq, uint16_t count)
{
    if (vq->ready) {
        vq->next_used = (uint16_t)(vq->next_used - count);
    }
}

void virtq_publish(struct virtq *vq)
{
    if (!vq->ready || vq->published_used == vq->next_used) {
        return;
    }
    vq->published_used = vq->next_used;
    /* Release: entries and buffer contents are visible before the index that announces them. */
    __atomic_store_n(&vq->used->idx, vq->published_used, __ATOMIC_RELEASE);
}

void virtq_push(struct virtq *vq, uint16_t head, uint32_t written_bytes)
{
    virtq_add_used(vq, head, written_bytes);
    virtq_publish(vq);
}

void virtq_disable_kicks(struct virtq *vq)
{
    /* With EVENT_IDX the event index that has passed stays behind: no kick until it wraps. */
    if (virtq_is_ready(vq) && !vq->features.event_idx) {
        store16(&vq->used->flags, VIRTQ_USED_F_NO_NOTIFY);
    }
}

bool virtq_should_interrupt(struct virtq *vq)
{
    const uint16_t old = vq->signalled_used;
    const uint16_t now = vq->published_used;
    const bool first = !vq->signalled_valid;

    if (!vq->ready || (now == old && !first) || (first && now == 0)) {
        return false;
    }
    vq->signalled_used = now;
    vq->signalled_valid = true;
    /* Full barrier: used->idx is visible before we look whether the driver sleeps; it does the reverse. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (!vq->features.event_idx) {
        return (load16(&vq->avail->flags) & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
    }
    /* Section 2.7.7.1: was the entry at used_event among [old, now)? */
    const uint16_t event = load16(used_event(vq));
    return first || (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

void virtq_follow_used(struct virtq *vq)
{
    if (vq->ready) {
        vq->published_used = load16(&vq->used->idx);
    }
}

uint64_t virtq_chain_read(const struct virtq_chain *chain, uint64_t offset, void *to, uint64_t bytes)
{
    uint8_t *out = to;
    uint64_t done = 0;

    for (unsigned int i = 0; i < chain->readable_count && done < bytes; i++) {
        const struct virtq_segment *segment = &chain->segments[i];
        if (offset >= segment->bytes) {
            offset -= segment->bytes;
            continue;
        }
        const uint64_t here = segment->bytes - offset;
        const uint64_t count = here < bytes - done ? here : bytes - done;
        memcpy(out + done, segment->host + offset, (size_t)count);
        done += count;
        offset = 0;
    }
    return done;
}

uint64_t virtq_chain_write(const struct virtq_chain *chain, uint64_t offset, const void *from, uint64_t bytes)
{
    const uint8_t *in = from;
    const unsigned int end = (unsigned int)chain->readable_count + chain->writable_count;
    uint64_t done = 0;

    for (unsigned int i = chain->readable_count; i < end && done < bytes; i++) {
        const struct virtq_segment *segment = &chain->segments[i];
        if (offset >= segment->bytes) {
            offset -= segment->bytes;
            continue;
        }
        const uint64_t here = segment->bytes - offset;
        const uint64_t count = here < bytes - done ? here : bytes - done;
        memcpy(segment->host + offset, in + done, (size_t)count);
        done += count;
        offset = 0;
    }
    return done;
}

uint8_t *virtq_chain_writable_at(const struct virtq_chain *chain, uint64_t offset)
{
    const unsigned int end = (unsigned int)chain->readable_count + chain->writable_count;

    for (unsigned int i = chain->readable_count; i < end; i++) {
        if (offset < chain->segments[i].bytes) {
            return chain->segments[i].host + offset;
        }
        offset -= chain->segments[i].bytes;
    }
    return NULL;
}
