/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/virtq_driver/virtq_driver.h"

/* Section 2.7: the parts one behind the other, each aligned. */
static size_t avail_offset(uint16_t size)
{
    return (size_t)size * sizeof(struct virtq_desc);
}

static size_t used_offset(uint16_t size)
{
    /* flags, idx, entries and used_event */
    const size_t end = avail_offset(size) + 2 * ((size_t)size + 3);

    return (end + VIRTQ_USED_ALIGN - 1) / VIRTQ_USED_ALIGN * VIRTQ_USED_ALIGN;
}

size_t virtq_driver_bytes(uint16_t size)
{
    /* flags, idx, entries and avail_event */
    const size_t end = used_offset(size) + 6 + sizeof(struct virtq_used_elem) * size;

    return (end + VIRTQ_DESC_ALIGN - 1) / VIRTQ_DESC_ALIGN * VIRTQ_DESC_ALIGN;
}

enum err virtq_driver_init(struct virtq_driver *vq, void *memory, uint64_t paddr, uint16_t size,
                           bool event_idx)
{
    uint8_t *base = memory;

    if (size == 0 || size > VIRTQ_DRIVER_MAX_SIZE || (size & (size - 1)) != 0) {
        return ERR_FORMAT;
    }
    if (((uintptr_t)memory | paddr) % VIRTQ_DESC_ALIGN != 0) {
        return ERR_ALIGN;
    }
    *vq = (struct virtq_driver){
        .desc = memory,
        .avail = (struct virtq_avail *)(void *)(base + avail_offset(size)),
        .used = (const struct virtq_used *)(const void *)(base + used_offset(size)),
        .places = {paddr, paddr + avail_offset(size), paddr + used_offset(size)},
        .size = size,
        .free_count = size,
        .event_idx = event_idx,
    };
    for (uint16_t i = 0; i < size; i++) {
        vq->next[i] = (uint16_t)(i + 1);
    }
    return ERR_OK;
}

static void fill(struct virtq_desc *desc, const struct virtq_driver_buffer *buffer, bool more, uint16_t next)
{
    *desc = (struct virtq_desc){
        .addr = buffer->paddr,
        .len = buffer->bytes,
        .flags = (uint16_t)((buffer->writable ? VIRTQ_DESC_F_WRITE : 0) | (more ? VIRTQ_DESC_F_NEXT : 0)),
        .next = more ? next : 0,
    };
}

/* The entry becomes visible with virtq_driver_publish(). */
static void add_avail(struct virtq_driver *vq, uint16_t head, uint16_t count)
{
    vq->count[head] = count;
    vq->avail->ring[vq->next_avail & (vq->size - 1)] = head;
    vq->next_avail++;
}

enum err virtq_driver_add(struct virtq_driver *vq, const struct virtq_driver_buffer *buffers, uint16_t count,
                          uint16_t *head)
{
    if (count == 0) {
        return ERR_RANGE;
    }
    if (count > vq->free_count) {
        return ERR_SPACE;
    }
    *head = vq->free_first;
    for (uint16_t i = 0; i < count; i++) {
        const uint16_t at = vq->free_first;

        vq->free_first = vq->next[at];
        fill(&vq->desc[at], &buffers[i], i + 1 < count, vq->free_first);
    }
    vq->free_count = (uint16_t)(vq->free_count - count);
    add_avail(vq, *head, count);
    return ERR_OK;
}

enum err virtq_driver_add_indirect(struct virtq_driver *vq, const struct virtq_driver_buffer *buffers,
                                   uint16_t count, struct virtq_desc *table, uint64_t table_paddr,
                                   uint16_t *head)
{
    const struct virtq_driver_buffer whole = {.paddr = table_paddr, .bytes = count * (uint32_t)sizeof *table};

    if (count == 0) {
        return ERR_RANGE;
    }
    for (uint16_t i = 0; i < count; i++) {
        fill(&table[i], &buffers[i], i + 1 < count, (uint16_t)(i + 1));
    }
    const enum err err = virtq_driver_add(vq, &whole, 1, head);
    if (err == ERR_OK) {
        vq->desc[*head].flags = VIRTQ_DESC_F_INDIRECT;
    }
    return err;
}

uint16_t virtq_driver_space(const struct virtq_driver *vq)
{
    return vq->free_count;
}

/* Section 2.7.7.2: has `event` been passed on the way from `before` to `now`? */
static bool passed(uint16_t event, uint16_t now, uint16_t before)
{
    return (uint16_t)(now - event - 1) < (uint16_t)(now - before);
}

bool virtq_driver_publish(struct virtq_driver *vq)
{
    const uint16_t before = vq->kicked_avail;
    const uint16_t now = vq->next_avail;

    if (before == now) {
        return false;
    }
    /* Descriptors and entries are there before the index says so. */
    __atomic_store_n(&vq->avail->idx, now, __ATOMIC_RELEASE);
    vq->kicked_avail = now;
    /* The index is visible before we look whether the device sleeps: else both could miss the other. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if (vq->event_idx) {
        const uint16_t *event = (const uint16_t *)(const void *)&vq->used->ring[vq->size];

        return passed(__atomic_load_n(event, __ATOMIC_RELAXED), now, before);
    }
    return (__atomic_load_n(&vq->used->flags, __ATOMIC_RELAXED) & VIRTQ_USED_F_NO_NOTIFY) == 0;
}

static void free_chain(struct virtq_driver *vq, uint16_t head)
{
    uint16_t last = head;

    for (uint16_t i = 1; i < vq->count[head]; i++) {
        last = vq->next[last];
    }
    vq->next[last] = vq->free_first;
    vq->free_first = head;
    vq->free_count = (uint16_t)(vq->free_count + vq->count[head]);
    vq->count[head] = 0;
}

enum err virtq_driver_take(struct virtq_driver *vq, uint16_t *head, uint32_t *written_bytes)
{
    const uint16_t untrusted_idx = __atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE);
    const uint16_t ready = (uint16_t)(untrusted_idx - vq->next_used);

    if (ready == 0) {
        return ERR_EMPTY;
    }
    if (ready > vq->size) {
        return ERR_OVERRUN;
    }
    const struct virtq_used_elem *elem = &vq->used->ring[vq->next_used & (vq->size - 1)];
    const uint32_t untrusted_id = __atomic_load_n(&elem->id, __ATOMIC_RELAXED);
    if (untrusted_id >= vq->size || vq->count[untrusted_id] == 0) {
        return ERR_RANGE;
    }
    *head = (uint16_t)untrusted_id;
    *written_bytes = __atomic_load_n(&elem->len, __ATOMIC_RELAXED);
    vq->next_used++;
    free_chain(vq, *head);
    return ERR_OK;
}

bool virtq_driver_request_interrupt_after(struct virtq_driver *vq, uint16_t count)
{
    if (vq->event_idx) {
        uint16_t *event = &vq->avail->ring[vq->size];

        __atomic_store_n(event, (uint16_t)(vq->next_used + count - 1), __ATOMIC_RELAXED);
    }
    /* The request is visible before we look again: else both could miss the other. */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (uint16_t)(__atomic_load_n(&vq->used->idx, __ATOMIC_ACQUIRE) - vq->next_used) >= count;
}

bool virtq_driver_request_interrupt(struct virtq_driver *vq)
{
    return virtq_driver_request_interrupt_after(vq, 1);
}
