/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The driver's side of virtqueues, in fake guest RAM: for unit tests and fuzzers. The polite functions build
 * what virtio 1.2 section 2.7 asks of a driver; the raw ones build whatever a hostile one would.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/guestmem/guestmem.h"
#include "lib/virtq/virtq.h"

/** Fake guest RAM with a simple allocator: memory is handed out once and never taken back. */
struct driver_ram {
    struct guestmem mem;
    uint64_t next; /**< GPA of the next free byte */
};

/** `bytes` (a multiple of 4 KiB) of zeroed RAM at guest-physical address `base`. Aborts if it can't. */
void driver_ram_init(struct driver_ram *ram, uint64_t base, uint64_t bytes);
/** Free the RAM. */
void driver_ram_free(struct driver_ram *ram);
/** Hand out `bytes` at an address that is a multiple of `align`. Aborts when RAM is used up. */
uint64_t driver_alloc(struct driver_ram *ram, uint64_t bytes, uint64_t align);
/** Where `bytes` at guest-physical `address` are; aborts if they are not in RAM. */
void *driver_at(const struct driver_ram *ram, uint64_t address, uint64_t bytes);

/** A queue as its driver sees it. */
struct driver_queue {
    struct driver_ram *ram;
    uint16_t size;
    uint64_t desc, avail, used; /**< GPAs */
    uint16_t avail_idx;
    uint16_t kicked_idx; /**< avail index at the last kick decision */
    uint16_t used_idx;
    bool event_idx;
    bool free[VIRTQ_MAX_SIZE]; /**< descriptors not in a chain */
};

/** One piece of a buffer. */
struct driver_buffer {
    uint64_t address;
    uint32_t bytes;
    bool writable; /**< by the device */
};

/** A new queue with `size` entries. */
void driver_queue_init(struct driver_queue *queue, struct driver_ram *ram, uint16_t size, bool event_idx);
/** Forget all buffers, as after a device reset. */
void driver_queue_clear(struct driver_queue *queue);
/** What the device has to be told. */
struct virtq_layout driver_queue_layout(const struct driver_queue *queue);

/** Make a chain of `count` buffers available. Returns its head, or -1 if there are too few descriptors. */
int driver_add(struct driver_queue *queue, const struct driver_buffer *buffers, unsigned int count);
/** The same through an indirect table: takes one descriptor. */
int driver_add_indirect(struct driver_queue *queue, const struct driver_buffer *buffers, unsigned int count);
/** Take a used chain. False if there is none. */
bool driver_take_used(struct driver_queue *queue, uint16_t *head, uint32_t *bytes);
/** Take all used chains; how many they were. */
unsigned int driver_take_all_used(struct driver_queue *queue);
/** Does the device want to be notified of what was added since the last call? */
bool driver_wants_kick(struct driver_queue *queue);
/** Ask for an interrupt from used entry `index` on (EVENT_IDX), or for none/any (flags). */
void driver_set_used_event(struct driver_queue *queue, uint16_t index);
void driver_set_no_interrupt(struct driver_queue *queue, bool none);

/** Raw: write descriptor `index`, whatever is in it. */
void driver_put_desc(struct driver_queue *queue, uint16_t index, struct virtq_desc desc);
/** Raw: write a descriptor of a table at `table`. */
void driver_put_desc_at(struct driver_queue *queue, uint64_t table, uint16_t index, struct virtq_desc desc);
/** Raw: put `head` into the avail ring and publish it. */
void driver_put_avail(struct driver_queue *queue, uint16_t head);
/** Raw: set avail->idx. */
void driver_set_avail_idx(struct driver_queue *queue, uint16_t index);
/** used->idx and used->flags as they stand in RAM. */
uint16_t driver_used_idx(const struct driver_queue *queue);
uint16_t driver_used_flags(const struct driver_queue *queue);
