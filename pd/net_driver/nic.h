/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a network card's registers and queues are to its driver: one file for each kind of card, chosen by the
 * linker (nic_of_board). A card moves frames by itself; it gets buffers for those that come and frames to
 * send, and gives both back in the order in which it got them.
 *
 * Whatever a card says is checked. An error other than the ones named here means that it broke its rules: it
 * must then be stopped, and may be started again.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/virtq_driver/mmio_transport.h"

/** What a card needs to start. Copied. */
struct nic_setup {
    struct mmio_transport registers;
    void *own;            /**< memory shared with the card, page-aligned */
    uint64_t own_paddr;   /**< where the card finds it */
    uint32_t own_bytes;   /**< nic->ops->own_bytes at least */
    uint32_t frame_bytes; /**< longest frame on the wire */
    bool large_frames;    /**< whether there is room for some buffers of 64 KiB, too */
};

/** What a card that started is like. */
struct nic_traits {
    uint32_t buffers;      /**< that it takes at a time */
    uint32_t frames;       /**< to send, likewise */
    uint32_t buffer_bytes; /**< longest frame that it puts into one */
    uint32_t prefix_bytes; /**< that it writes in front of each, RING_RECORD_HEADER_BYTES at most */
    uint32_t offload;      /**< what may be sent unfinished: enum offload_capability */
};

/** A piece of memory, for us and for the card. */
struct nic_memory {
    const uint8_t *at;
    uint64_t paddr;
    uint32_t bytes;
};

/** A frame that came. */
struct nic_frame {
    uint32_t bytes; /**< 0: it was spoilt */
    uint64_t meta;  /**< lib/net/frame_meta.h */
};

struct nic_ops {
    uint32_t own_bytes;
    /**
     * Reset the card and bring it up, with nothing in its queues. Errors: ERR_UNSUPPORTED (there is no such
     * card), ERR_STATE (it refuses).
     */
    enum err (*start)(void *card, const struct nic_setup *setup, struct nic_traits *traits);
    /** It gives all memory back. */
    void (*stop)(void *card);
    /** A buffer for a frame, with prefix_bytes in front. There are never more than traits->buffers. */
    void (*add_buffer)(void *card, const struct nic_memory *buffer);
    /** The oldest buffer that has been filled. ERR_EMPTY: none. */
    enum err (*take_frame)(void *card, struct nic_frame *frame);
    /**
     * Send a frame, whose bytes stay until take_sent(). There are never more than traits->frames. ERR_DENIED,
     * ERR_RANGE, ERR_FORMAT, ERR_UNSUPPORTED: it cannot be sent, whatever has to be done to it.
     */
    enum err (*send)(void *card, const struct nic_memory *frame, uint64_t untrusted_meta);
    /** The oldest frame has been sent. ERR_EMPTY: not yet. */
    enum err (*take_sent)(void *card);
    /** Buffers and frames have been added: the card may look. */
    void (*kick)(void *card);
    /** Ask for an interrupt when frames come. True if there is one already. */
    bool (*await_frame)(void *card);
    /** Ask for one when most of `in_flight` frames have been sent. True if one has been by now. */
    bool (*await_sent)(void *card, uint32_t in_flight);
    /** Take note of the interrupts that there are. ERR_IO: it must be reset. */
    enum err (*interrupts)(void *card);
    bool (*has_link)(const void *card);
};

/** A card. */
struct nic {
    const struct nic_ops *ops;
    void *card;
};

/** The card that the program is for. */
extern const struct nic nic_of_board;
