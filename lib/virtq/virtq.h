/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The one virtqueue implementation: the device's side of a split virtqueue (virtio 1.2, section 2.7).
 *
 * The driver is hostile until proved otherwise:
 *  - the three ring addresses are checked once, when the queue is enabled, and never looked up again;
 *  - a descriptor is copied once out of guest memory, and only the copy is checked and used;
 *  - a chain is bounded by the queue size, so no loop turns for longer than that;
 *  - the avail index is read when the owner says so, at its wake-up, and virtq_pop() gives no chain beyond
 *    what it said then, whatever is written into guest memory meanwhile, by whomever (see below);
 *  - a driver that has more chains outstanding than the queue has entries is an error, not work;
 *  - the used index is the device's own and never read back.
 * Any such error breaks the queue: it then gives ERR_STATE until it is enabled again (the owner sets
 * DEVICE_NEEDS_RESET).
 *
 * **No event buys unbounded work.** What a device writes (data, a status byte, its used ring) may lie on a
 * driver's avail index and descriptors, so that each completion publishes the next request. Therefore:
 *  - A queue whose chains ask for work (transmit, requests, commands): a notification by the driver buys one
 *    virtq_request_kick(), then pops until ERR_EMPTY, then one virtq_publish(). That call asks for the next
 *    notification before it reads the index, so there is nothing to look at again at the end: what is added
 *    later comes with an event of its own, at the end of the line.
 *  - Other events (a completion, room in a link) pop what is left of that, and must not look. Where a
 *    notification comes while there is no room, its owner keeps a flag, and looks once what is left is
 * popped.
 *  - A queue whose chains are room for what comes from elsewhere (receive): virtq_look() at each event, and
 *    virtq_request_kick() when the chains do not suffice. What bounds the work is what has come.
 * Between two calls of virtq_publish() at most one queue size of chains is popped, however often the index is
 * read: a well-behaved driver has no more, and another one gets ERR_OVERRUN.
 *
 * No dependency on the VMM: a switch PD with the guest's RAM mapped uses the same code (vhost).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/guestmem/guestmem.h"

/** Largest queue this implementation serves; a power of two. */
#define VIRTQ_MAX_SIZE 1024u

/** Alignments and sizes of the three parts, section 2.7. */
#define VIRTQ_DESC_ALIGN 16u
#define VIRTQ_AVAIL_ALIGN 2u
#define VIRTQ_USED_ALIGN 4u

/** Descriptor flags, section 2.7.5. */
#define VIRTQ_DESC_F_NEXT 1u
#define VIRTQ_DESC_F_WRITE 2u
#define VIRTQ_DESC_F_INDIRECT 4u

/** avail->flags and used->flags, sections 2.7.6 and 2.7.8. */
#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u
#define VIRTQ_USED_F_NO_NOTIFY 1u

/** A descriptor as it lies in guest memory, section 2.7.5. */
struct virtq_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

/** The driver's ring, section 2.7.6; `ring` is followed by used_event. */
struct virtq_avail {
    uint16_t flags;
    uint16_t idx;
    uint16_t ring[];
};

/** An entry of the device's ring, section 2.7.8. */
struct virtq_used_elem {
    uint32_t id;
    uint32_t len;
};

/** The device's ring, section 2.7.8; `ring` is followed by avail_event. */
struct virtq_used {
    uint16_t flags;
    uint16_t idx;
    struct virtq_used_elem ring[];
};

/** What the driver tells about a queue before it enables it. Untrusted. */
struct virtq_layout {
    uint16_t size; /**< entries */
    gpa_t desc;    /**< Descriptor Area */
    gpa_t avail;   /**< Driver Area */
    gpa_t used;    /**< Device Area */
};

/** Negotiated features that change the ring's workings. */
struct virtq_features {
    bool event_idx; /**< VIRTIO_F_EVENT_IDX, section 2.7.7.1 and 2.7.10 */
    bool indirect;  /**< VIRTIO_F_INDIRECT_DESC, section 2.7.5.3 */
};

/** A piece of a buffer, checked to lie in guest RAM. Its contents may change while it is looked at. */
struct virtq_segment {
    uint8_t *host;
    uint32_t bytes; /**< may be 0 */
};

/** One descriptor chain: first what the device may read, then what it may write. */
struct virtq_chain {
    uint16_t head;           /**< for virtq_push() */
    uint16_t readable_count; /**< segments[0 .. readable_count) */
    uint16_t writable_count; /**< segments[readable_count .. readable_count + writable_count) */
    uint64_t readable_bytes; /**< their sums */
    uint64_t writable_bytes;
    struct virtq_segment segments[VIRTQ_MAX_SIZE];
};

/** One queue. Private to virtq.c except for its size. */
struct virtq {
    const struct guestmem *mem;
    const uint8_t *desc; /**< struct virtq_desc[size] */
    struct virtq_avail *avail;
    struct virtq_used *used;
    uint16_t size;
    uint16_t next_avail;     /**< avail index of the next chain to pop */
    uint16_t seen_avail;     /**< avail->idx at the last look: no chain from there on is popped */
    uint16_t next_used;      /**< used entries written, published or not */
    uint16_t published_used; /**< value of used->idx */
    uint16_t signalled_used; /**< used->idx at the last interrupt decision */
    bool signalled_valid;    /**< false until the first decision */
    bool overrun;            /**< avail->idx was nonsense at the last look */
    bool ready;
    bool broken;
    struct virtq_features features;
};

/**
 * Start serving the queue that `layout` describes; indices start at 0. `mem` must outlive the queue.
 * Errors: ERR_FORMAT (size 0, above `max_size` or no power of two), ERR_ALIGN, ERR_RANGE (a part outside
 * RAM). `max_size` is at most VIRTQ_MAX_SIZE. After an error the queue is disabled.
 */
ERR_CHECKED enum err virtq_enable(struct virtq *vq, const struct guestmem *mem,
                                  const struct virtq_layout *layout, uint16_t max_size,
                                  struct virtq_features features);

/** Stop serving; forgets everything about the guest's memory. */
void virtq_disable(struct virtq *vq);

/** Enabled and not broken. */
bool virtq_is_ready(const struct virtq *vq);

/**
 * Read the avail index once: what it says may be popped from now on. Returns true if the driver has added
 * chains since the last look, and if the index is nonsense, which the pop after the last good chain reports.
 */
bool virtq_look(struct virtq *vq);

/**
 * virtq_look(), and ask the driver to notify us of the first chain that it adds later (section 2.7.10): one
 * that it adds is either seen here or announced. With EVENT_IDX that is one notification until the next call;
 * without, one for each addition until virtq_disable_kicks(). Returns what virtq_look() does.
 */
bool virtq_request_kick(struct virtq *vq);

/**
 * Take the next chain of those seen at the last look.
 * Errors: ERR_EMPTY (none is left), ERR_STATE (not enabled, or broken before). The following break the
 * queue: ERR_OVERRUN (avail index too far ahead, or run back), ERR_LOOP (chain longer than the queue),
 * ERR_RANGE (descriptor number, indirect table or buffer out of range), ERR_FORMAT (readable after writable,
 * bad use of indirect).
 */
ERR_CHECKED enum err virtq_pop(struct virtq *vq, struct virtq_chain *chain);

/**
 * Put the `count` chains popped last back, to be popped again. Entries added for them must have been taken
 * back with virtq_cancel_used().
 */
void virtq_unpop(struct virtq *vq, uint16_t count);

/** Chains that were seen and not popped yet; 0 also if the queue isn't ready. */
uint16_t virtq_left(const struct virtq *vq);

/**
 * Give `head` back with `written_bytes` written to its writable part, without telling the driver yet:
 * several entries, then one virtq_publish().
 */
void virtq_add_used(struct virtq *vq, uint16_t head, uint32_t written_bytes);

/** Take back the `count` entries added last; they must not have been published. */
void virtq_cancel_used(struct virtq *vq, uint16_t count);

/** Let the driver see all entries added so far. */
void virtq_publish(struct virtq *vq);

/** virtq_add_used() and virtq_publish(). */
void virtq_push(struct virtq *vq, uint16_t head, uint32_t written_bytes);

/**
 * Are `count` chains half of the queue? Linux fills a receive queue up once less than half of it is left, and
 * only when it has taken a frame. So one that waits for more than that many buffers for one frame may wait
 * forever, and everything behind it too.
 */
static inline bool virtq_is_half(const struct virtq *vq, uint32_t count)
{
    return 2 * count >= vq->size;
}

/** Tell the driver that we look anyway. A hint: kicks may still come. */
void virtq_disable_kicks(struct virtq *vq);

/**
 * Does the driver want an interrupt for what was published since the last call (section 2.7.7)?
 * False if nothing was published.
 */
bool virtq_should_interrupt(struct virtq *vq);

/**
 * Somebody else serves the queue (vhost): take its used index from the ring, for virtq_should_interrupt().
 * The driver could have written it, so it says nothing but whether to interrupt.
 */
void virtq_follow_used(struct virtq *vq);

/**
 * Copy up to `bytes` out of the chain's readable part, from byte `offset` on. Returns how many there were.
 */
uint64_t virtq_chain_read(const struct virtq_chain *chain, uint64_t offset, void *to, uint64_t bytes);

/** Copy up to `bytes` into the chain's writable part, from byte `offset` on. Returns how many fitted. */
uint64_t virtq_chain_write(const struct virtq_chain *chain, uint64_t offset, const void *from,
                           uint64_t bytes);

/** Where byte `offset` of the chain's writable part is, or NULL if it isn't that long. */
uint8_t *virtq_chain_writable_at(const struct virtq_chain *chain, uint64_t offset);
