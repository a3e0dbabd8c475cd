/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Block requests over a record link: VMM -> block server -> disk driver, the same on both hops.
 *
 * A request is one record, struct blk_request with its segments, under a tag of the sender's choice (the
 * record's meta word). Each request gets exactly one struct blk_reply with that tag, in any order. Data never
 * travels in the link: segments name bytes of a DMA region, which is memory that the driver's device may
 * access. A VMM knows one region, its own; the server puts that region's number at the driver in front. So a
 * byte is moved by the device alone.
 *
 * The serving side sends struct blk_info, under the tag BLK_TAG_INFO, when it is ready, when the disk
 * changes, and whenever its client has restarted. Before that, requests wait.
 *
 * Everything here comes from a peer: copy once, then check (blk_check.h).
 */
#pragma once

#include <stdint.h>

#define BLK_SECTOR_BYTES 512u
/** Segments of one request, at most. */
#define BLK_MAX_SEGMENTS 126u
/** Bytes of one request's data, at most. */
#define BLK_MAX_BYTES 0x800000u
/** The tag of a struct blk_info. */
#define BLK_TAG_INFO UINT64_MAX

enum blk_op {
    BLK_READ = 0,
    BLK_WRITE = 1,
    BLK_FLUSH = 2, /**< what was completed before this was sent is on the disk when it completes */
    BLK_DISCARD = 3,
    BLK_WRITE_ZEROES = 4
};

enum blk_request_flags {
    BLK_FUA = 1u << 0,  /**< the write is on the disk when it completes */
    BLK_UNMAP = 1u << 1 /**< WRITE_ZEROES: may be done by discarding */
};

enum blk_status {
    BLK_DONE = 0,
    BLK_FAILED = 1,      /**< the device failed, or the request makes no sense */
    BLK_UNSUPPORTED = 2, /**< this disk does not do that */
    BLK_OUT_OF_RANGE = 3 /**< past the end, or not for this client to do */
};

/** A piece of a request's data. */
struct blk_segment {
    uint64_t offset; /**< in the region */
    uint32_t bytes;  /**< not 0 */
    uint32_t region; /**< number at the driver; 0 from a VMM */
};

struct blk_request {
    uint32_t op;     /**< enum blk_op */
    uint32_t flags;  /**< enum blk_request_flags */
    uint64_t sector; /**< of 512 bytes; from a VMM, counted from the start of its disk */
    uint32_t sector_count;
    uint32_t segment_count; /**< READ and WRITE: their bytes make sector_count sectors; else 0 */
    struct blk_segment segments[BLK_MAX_SEGMENTS];
};
/** Bytes in front of the segments. */
#define BLK_REQUEST_HEADER_BYTES 24u

struct blk_reply {
    uint32_t status; /**< enum blk_status */
    uint32_t reserved;
};

enum blk_info_flags {
    BLK_INFO_ALIVE = 1u << 0, /**< else every request will fail */
    BLK_INFO_READ_ONLY = 1u << 1,
    BLK_INFO_FLUSH = 1u << 2,   /**< the disk has a cache that FLUSH writes back */
    BLK_INFO_DISCARD = 1u << 3, /**< likewise optional operations */
    BLK_INFO_WRITE_ZEROES = 1u << 4,
    BLK_INFO_MAY_UNMAP = 1u << 5 /**< WRITE_ZEROES heeds BLK_UNMAP */
};

/** What a disk is like. Sizes are in sectors unless they say bytes. */
struct blk_info {
    uint64_t sector_count;
    uint32_t flags;        /**< enum blk_info_flags */
    uint32_t block_bytes;  /**< logical block: what requests are multiples of; a power of two, 512 at least */
    uint32_t max_segments; /**< of one request */
    uint32_t max_segment_bytes;
    uint32_t max_discard;
    uint32_t discard_align;
    uint32_t max_write_zeroes;
    uint16_t min_io_blocks;     /**< preferred size of a request, in blocks; 0: unknown */
    uint8_t physical_exponent;  /**< blocks in a physical block, as a power of two */
    uint8_t alignment_offset;   /**< of the first physical block, in blocks */
    uint32_t optimal_io_blocks; /**< 0: unknown */
    uint32_t reserved;
};

_Static_assert(sizeof(struct blk_segment) == 16, "shared between programs");
_Static_assert(sizeof(struct blk_request) == BLK_REQUEST_HEADER_BYTES + 16 * BLK_MAX_SEGMENTS, "no padding");
_Static_assert(sizeof(struct blk_info) == 48, "shared between programs");
