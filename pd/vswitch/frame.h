/* SPDX-License-Identifier: BSD-2-Clause */
/** A frame on its way through the switch: where its bytes lie, and what has been checked of it. */
#pragma once

#include <stdint.h>

#include "lib/net/frame_meta.h"

#define VSWITCH_HEADER_BYTES 14u
/** What is read once and checked: with a VLAN tag. */
#define VSWITCH_CHECKED_BYTES 18u
/** Longest frame: 64 KiB of IP packet (GSO) with Ethernet header and two VLAN tags. */
#define VSWITCH_FRAME_MAX_BYTES 65557u
/** What a frame may have beyond its port's MTU: Ethernet header and two VLAN tags. */
#define VSWITCH_MTU_OVERHEAD_BYTES 22u
/** What a frame costs beside its copies, and each piece of a buffer that is looked up for it. */
#define VSWITCH_FRAME_WORK 8192u
#define VSWITCH_SEGMENT_WORK 384u
/** In `needed`: whatever that frame is, nobody takes it. */
#define VSWITCH_NEEDS_UNKNOWN UINT32_MAX

/** A piece of a frame in memory that its sender may still write to. */
struct vswitch_segment {
    const uint8_t *data;
    uint32_t bytes;
};

/** How far a frame has been copied. Zero: to its beginning. */
struct vswitch_cursor {
    uint32_t segment;
    uint32_t skip;   /**< bytes of that segment */
    uint32_t offset; /**< bytes of the frame */
};

/** A frame in its source's buffers. */
struct vswitch_frame {
    const struct vswitch_segment *segments; /**< the port's, valid until release */
    uint32_t segment_count;
    uint32_t length_bytes;    /**< sum of the segments */
    uint32_t needed;          /**< capabilities to take it as it is (enum offload_capability), or
                                   VSWITCH_NEEDS_UNKNOWN: its sender said nonsense of it */
    struct frame_meta fields; /**< what is left to do, checked against its length; zero: nothing */
    uint16_t vid;             /**< set by the switch: its VLAN, 0: the switch has none */
    uint32_t segments_sent;   /**< set by the switch: segments of it that its destination has already */
    uint64_t *work;           /**< set by the switch: where ports add what looking up buffers took */
    /** Set by the switch: what was checked, as far as the frame goes; then zeros. */
    uint8_t header[VSWITCH_CHECKED_BYTES];
};

/** Read the first bytes of a frame once, into frame->header; zeros behind its end. */
void frame_read_header(struct vswitch_frame *frame);

/** What a ring record's `untrusted_meta` (lib/net/frame_meta.h) says of a frame whose length is set. */
void frame_take_meta(struct vswitch_frame *frame, uint64_t untrusted_meta);

/**
 * For send(): copy the next `bytes` of a frame to `to`, the header from the checked copy. They must lie
 * within the frame.
 */
void frame_copy_next(const struct vswitch_frame *frame, struct vswitch_cursor *cursor, uint8_t *to,
                     uint32_t bytes);

/**
 * For send(): copy bytes [offset, offset + bytes) of a frame to `to`, the header from the checked copy.
 * The range must lie within the frame.
 */
void frame_copy(const struct vswitch_frame *frame, uint32_t offset, uint8_t *to, uint32_t bytes);
