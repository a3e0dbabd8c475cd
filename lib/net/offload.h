/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a network card would do for a frame that its sender left unfinished: compute the checksum, cut a large
 * TCP or UDP packet into segments. Needed where the receiver hasn't negotiated to take such frames; the
 * result is byte for byte what Linux' own software segmentation (GSO) makes of it.
 *
 * Works on a private copy of the frame: a sender must not be able to change it between check and use.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/net/frame_meta.h"

/** What a receiver takes unfinished: bits. */
enum offload_capability {
    OFFLOAD_CSUM = 1u << 0, /**< without its checksum */
    OFFLOAD_TSO4 = 1u << 1, /**< large TCP over IPv4 */
    OFFLOAD_TSO6 = 1u << 2, /**< large TCP over IPv6 */
    OFFLOAD_ECN = 1u << 3,  /**< large TCP with ECN's CWR set */
    OFFLOAD_USO = 1u << 4   /**< large UDP over IPv4 and IPv6 */
};

/** Smallest gso_size that is cut: Linux' TCP_MIN_SND_MSS. Bounds the segments that one frame can become. */
#define OFFLOAD_MIN_SEGMENT_BYTES 48u
/** Longest headers in front of the payload: Ethernet, two VLAN tags, IPv6 with extensions, TCP with options.
 */
#define OFFLOAD_MAX_HEADER_BYTES 512u

/** Capabilities (enum offload_capability) that a receiver must have to take a frame with `meta` as it is. */
uint32_t offload_needed(const struct frame_meta *meta);

/**
 * Compute the checksum that FRAME_META_NEEDS_CSUM in checked `meta` left open, over and into `frame`, which
 * carries the pseudo-header's part in the field, as virtio has it.
 */
void offload_finish_checksum(uint8_t *frame, uint32_t frame_bytes, const struct frame_meta *meta);

/** A large packet being cut. */
struct offload_segmenter {
    const uint8_t *frame; /**< not owned; must stay as it is */
    uint32_t frame_bytes;
    uint32_t l3;           /**< offset of the IP header */
    uint32_t l4;           /**< offset of the TCP or UDP header */
    uint32_t header_bytes; /**< offset of the payload */
    uint32_t gso_size;
    uint32_t done; /**< payload bytes in segments so far */
    uint32_t index;
    bool is_ipv6, is_udp;
};

/**
 * Look at the headers of a frame with segmentation in its checked `meta`.
 * Errors: ERR_FORMAT (headers do not agree with each other or with `meta`), ERR_RANGE (headers longer than
 * the frame, gso_size too small).
 */
ERR_CHECKED enum err offload_segment_init(struct offload_segmenter *segmenter, const uint8_t *frame,
                                          uint32_t frame_bytes, const struct frame_meta *meta);

/** Bytes of the longest segment, headers included. */
uint32_t offload_segment_max_bytes(const struct offload_segmenter *segmenter);

/**
 * Write the next segment, complete with checksums, to `to` (room for offload_segment_max_bytes()).
 * Returns its length, or 0 when there are no more.
 */
uint32_t offload_segment_next(struct offload_segmenter *segmenter, uint8_t *to);

/** Leave out the next `count` segments. */
void offload_segment_skip(struct offload_segmenter *segmenter, uint32_t count);
