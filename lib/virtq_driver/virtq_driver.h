/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The driver's side of a split virtqueue (virtio 1.2, section 2.7), for our own driver PDs.
 *
 * What the device could have changed is never read back: free descriptors and chain lengths are kept in
 * private memory. Used entries are checked, so a device that misbehaves is an error and no corruption.
 * Barriers are inside. The caller's memory is coherent with the device.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/virtq/virtq.h"

#define VIRTQ_DRIVER_MAX_SIZE 256u

/** A piece of a buffer, as the device sees it. */
struct virtq_driver_buffer {
    uint64_t paddr;
    uint32_t bytes;
    bool writable; /**< by the device; all of these come after those that are not */
};

/** Where a queue lies, for the device. */
struct virtq_driver_places {
    uint64_t desc, avail, used; /**< physical */
};

/** One queue. Private to virtq_driver.c except for its size. */
struct virtq_driver {
    struct virtq_desc *desc;
    struct virtq_avail *avail;
    const struct virtq_used *used;
    struct virtq_driver_places places;
    uint16_t size;
    uint16_t free_first;
    uint16_t free_count;
    uint16_t next_avail;   /**< avail entries written, published or not */
    uint16_t kicked_avail; /**< avail->idx at the last kick decision */
    uint16_t next_used;    /**< used entries taken */
    bool event_idx;
    uint16_t next[VIRTQ_DRIVER_MAX_SIZE];  /**< free list, and the links of chains */
    uint16_t count[VIRTQ_DRIVER_MAX_SIZE]; /**< descriptors of the chain with this head; 0: none in flight */
};

/** Bytes that a queue of `size` entries takes. */
size_t virtq_driver_bytes(uint16_t size);

/**
 * An empty queue of `size` entries (a power of two, VIRTQ_DRIVER_MAX_SIZE at most) in zeroed `memory`, which
 * the device finds at `paddr`; both are multiples of 16. Errors: ERR_FORMAT (size), ERR_ALIGN.
 */
ERR_CHECKED enum err virtq_driver_init(struct virtq_driver *vq, void *memory, uint64_t paddr, uint16_t size,
                                       bool event_idx);

/** Add a chain of `count` buffers, not yet visible. Errors: ERR_SPACE, ERR_RANGE (count 0). */
ERR_CHECKED enum err virtq_driver_add(struct virtq_driver *vq, const struct virtq_driver_buffer *buffers,
                                      uint16_t count, uint16_t *head);

/**
 * The same through `table` (section 2.7.5.3), `count` descriptors at `table_paddr` that stay untouched until
 * the chain is used: takes one entry.
 */
ERR_CHECKED enum err virtq_driver_add_indirect(struct virtq_driver *vq,
                                               const struct virtq_driver_buffer *buffers, uint16_t count,
                                               struct virtq_desc *table, uint64_t table_paddr,
                                               uint16_t *head);

/** Free descriptors. */
uint16_t virtq_driver_space(const struct virtq_driver *vq);

/** Show the device what was added. Returns true if it wants to be notified (sections 2.7.7, 2.7.10). */
bool virtq_driver_publish(struct virtq_driver *vq);

/**
 * Take a used chain. Errors: ERR_EMPTY; the device's fault: ERR_OVERRUN (index), ERR_RANGE (no chain of that
 * number in flight). After those the queue must be set up again.
 */
ERR_CHECKED enum err virtq_driver_take(struct virtq_driver *vq, uint16_t *head, uint32_t *written_bytes);

/**
 * Ask for an interrupt when `count` more chains have been used (1 .. those in flight); a device without
 * EVENT_IDX sends one for each. Returns true if they have been already: look again.
 */
bool virtq_driver_request_interrupt_after(struct virtq_driver *vq, uint16_t count);

/** Ask for an interrupt at the next used chain. Returns true if there is one already: look again. */
bool virtq_driver_request_interrupt(struct virtq_driver *vq);
