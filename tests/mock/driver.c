/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/driver.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_BYTES 4096u

void driver_ram_init(struct driver_ram *ram, uint64_t base, uint64_t bytes)
{
    void *host = aligned_alloc(PAGE_BYTES, (size_t)bytes);

    if (host == NULL || guestmem_init(&ram->mem, gpa_of(base), host, bytes) != ERR_OK) {
        abort();
    }
    memset(host, 0, (size_t)bytes);
    ram->next = base;
}

void driver_ram_free(struct driver_ram *ram)
{
    free(ram->mem.host);
    ram->mem.host = NULL;
}

uint64_t driver_alloc(struct driver_ram *ram, uint64_t bytes, uint64_t align)
{
    const uint64_t address = (ram->next + align - 1) / align * align;

    (void)driver_at(ram, address, bytes);
    ram->next = address + bytes;
    return address;
}

void *driver_at(const struct driver_ram *ram, uint64_t address, uint64_t bytes)
{
    uint8_t *host;

    if (guestmem_translate(&ram->mem, gpa_of(address), bytes, &host) != ERR_OK) {
        abort();
    }
    return host;
}

static void put16(const struct driver_queue *queue, uint64_t address, uint16_t value)
{
    memcpy(driver_at(queue->ram, address, sizeof value), &value, sizeof value);
}

static uint16_t get16(const struct driver_queue *queue, uint64_t address)
{
    uint16_t value;

    memcpy(&value, driver_at(queue->ram, address, sizeof value), sizeof value);
    return value;
}

static uint64_t avail_ring(const struct driver_queue *queue, unsigned int index)
{
    return queue->avail + 4 + 2ull * index;
}

static uint64_t used_ring(const struct driver_queue *queue, unsigned int index)
{
    return queue->used + 4 + 8ull * index;
}

void driver_queue_init(struct driver_queue *queue, struct driver_ram *ram, uint16_t size, bool event_idx)
{
    *queue = (struct driver_queue){.ram = ram, .size = size, .event_idx = event_idx};
    queue->desc = driver_alloc(ram, 16ull * size, 16);
    queue->avail = driver_alloc(ram, 6 + 2ull * size, 2);
    queue->used = driver_alloc(ram, 6 + 8ull * size, 4);
    driver_queue_clear(queue);
}

void driver_queue_clear(struct driver_queue *queue)
{
    memset(driver_at(queue->ram, queue->avail, 6 + 2ull * queue->size), 0, 6 + 2ull * queue->size);
    memset(driver_at(queue->ram, queue->used, 6 + 8ull * queue->size), 0, 6 + 8ull * queue->size);
    queue->avail_idx = 0;
    queue->kicked_idx = 0;
    queue->used_idx = 0;
    for (unsigned int i = 0; i < queue->size; i++) {
        queue->free[i] = true;
    }
}

struct virtq_layout driver_queue_layout(const struct driver_queue *queue)
{
    return (struct virtq_layout){
        .size = queue->size,
        .desc = gpa_of(queue->desc),
        .avail = gpa_of(queue->avail),
        .used = gpa_of(queue->used),
    };
}

static int take_free(struct driver_queue *queue)
{
    for (int i = 0; i < queue->size; i++) {
        if (queue->free[i]) {
            queue->free[i] = false;
            return i;
        }
    }
    return -1;
}

static unsigned int count_free(const struct driver_queue *queue)
{
    unsigned int count = 0;

    for (unsigned int i = 0; i < queue->size; i++) {
        count += queue->free[i];
    }
    return count;
}

static struct virtq_desc describe(const struct driver_buffer *buffer, bool last, uint16_t next)
{
    return (struct virtq_desc){
        .addr = buffer->address,
        .len = buffer->bytes,
        .flags = (uint16_t)((last ? 0 : VIRTQ_DESC_F_NEXT) | (buffer->writable ? VIRTQ_DESC_F_WRITE : 0)),
        .next = next,
    };
}

int driver_add(struct driver_queue *queue, const struct driver_buffer *buffers, unsigned int count)
{
    if (count == 0 || count_free(queue) < count) {
        return -1;
    }
    const int head = take_free(queue);
    int index = head;
    for (unsigned int i = 0; i < count; i++) {
        const bool last = i + 1 == count;
        const int next = last ? 0 : take_free(queue);
        driver_put_desc(queue, (uint16_t)index, describe(&buffers[i], last, (uint16_t)next));
        index = next;
    }
    driver_put_avail(queue, (uint16_t)head);
    return head;
}

int driver_add_indirect(struct driver_queue *queue, const struct driver_buffer *buffers, unsigned int count)
{
    const int head = take_free(queue);

    if (head < 0) {
        return head;
    }
    const uint64_t table = driver_alloc(queue->ram, 16ull * count, 16);
    for (unsigned int i = 0; i < count; i++) {
        driver_put_desc_at(queue, table, (uint16_t)i,
                           describe(&buffers[i], i + 1 == count, (uint16_t)(i + 1)));
    }
    driver_put_desc(queue, (uint16_t)head,
                    (struct virtq_desc){.addr = table, .len = 16 * count, .flags = VIRTQ_DESC_F_INDIRECT});
    driver_put_avail(queue, (uint16_t)head);
    return head;
}

static void free_chain(struct driver_queue *queue, uint16_t head)
{
    for (unsigned int i = 0; i < queue->size && head < queue->size; i++) {
        struct virtq_desc desc;
        memcpy(&desc, driver_at(queue->ram, queue->desc + 16ull * head, sizeof desc), sizeof desc);
        queue->free[head] = true;
        if ((desc.flags & VIRTQ_DESC_F_NEXT) == 0) {
            return;
        }
        head = desc.next;
    }
}

bool driver_take_used(struct driver_queue *queue, uint16_t *head, uint32_t *bytes)
{
    struct virtq_used_elem elem;

    if (driver_used_idx(queue) == queue->used_idx) {
        return false;
    }
    const uint64_t at = used_ring(queue, queue->used_idx % queue->size);
    memcpy(&elem, driver_at(queue->ram, at, sizeof elem), sizeof elem);
    queue->used_idx++;
    *head = (uint16_t)elem.id;
    *bytes = elem.len;
    free_chain(queue, *head);
    return true;
}

unsigned int driver_take_all_used(struct driver_queue *queue)
{
    unsigned int count = 0;
    uint16_t head;
    uint32_t bytes;

    while (driver_take_used(queue, &head, &bytes)) {
        count++;
    }
    return count;
}

bool driver_wants_kick(struct driver_queue *queue)
{
    const uint16_t old = queue->kicked_idx;
    const uint16_t now = queue->avail_idx;

    queue->kicked_idx = now;
    if (!queue->event_idx) {
        return old != now && (driver_used_flags(queue) & VIRTQ_USED_F_NO_NOTIFY) == 0;
    }
    const uint16_t event = get16(queue, used_ring(queue, queue->size));
    return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

void driver_set_used_event(struct driver_queue *queue, uint16_t index)
{
    put16(queue, avail_ring(queue, queue->size), index);
}

void driver_set_no_interrupt(struct driver_queue *queue, bool none)
{
    put16(queue, queue->avail, none ? VIRTQ_AVAIL_F_NO_INTERRUPT : 0);
}

void driver_put_desc(struct driver_queue *queue, uint16_t index, struct virtq_desc desc)
{
    driver_put_desc_at(queue, queue->desc, index, desc);
}

void driver_put_desc_at(struct driver_queue *queue, uint64_t table, uint16_t index, struct virtq_desc desc)
{
    memcpy(driver_at(queue->ram, table + 16ull * index, sizeof desc), &desc, sizeof desc);
}

void driver_put_avail(struct driver_queue *queue, uint16_t head)
{
    put16(queue, avail_ring(queue, queue->avail_idx % queue->size), head);
    driver_set_avail_idx(queue, (uint16_t)(queue->avail_idx + 1));
}

void driver_set_avail_idx(struct driver_queue *queue, uint16_t index)
{
    queue->avail_idx = index;
    put16(queue, queue->avail + 2, index);
}

uint16_t driver_used_idx(const struct driver_queue *queue)
{
    return get16(queue, queue->used + 2);
}

uint16_t driver_used_flags(const struct driver_queue *queue)
{
    return get16(queue, queue->used);
}
