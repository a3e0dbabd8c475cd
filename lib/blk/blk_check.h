/* SPDX-License-Identifier: BSD-2-Clause */
/** Checks of block requests and information that a peer has sent; both hops use the same. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/blk/blk_protocol.h"

/**
 * Copy a request of `bytes` bytes out of the peer's region, once, and check that it is well-formed: known
 * operation, complete, its segments not empty and as long as its sectors.
 * Errors: ERR_FORMAT; *request then has no meaning.
 */
ERR_CHECKED enum err blk_check_request(struct blk_request *request, const uint8_t *untrusted, uint32_t bytes);

/** Whether [offset, offset + bytes) lies in [0, limit). */
bool blk_check_range(uint64_t offset, uint64_t bytes, uint64_t limit);

/** Copy and check a struct blk_info. Errors: ERR_FORMAT (length, block size, limits of 0). */
ERR_CHECKED enum err blk_check_info(struct blk_info *info, const uint8_t *untrusted, uint32_t bytes);

/** The bytes of a request's record. */
static inline uint32_t blk_check_request_bytes(uint32_t segment_count)
{
    return BLK_REQUEST_HEADER_BYTES + segment_count * (uint32_t)sizeof(struct blk_segment);
}
