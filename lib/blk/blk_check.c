/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/blk/blk_check.h"

#include "lib/base/mem.h"

#define MAX_BLOCK_BYTES 65536u

static bool moves_data(uint32_t op)
{
    return op == BLK_READ || op == BLK_WRITE;
}

bool blk_check_range(uint64_t offset, uint64_t bytes, uint64_t limit)
{
    return offset <= limit && bytes <= limit - offset;
}

static enum err check_segments(const struct blk_request *request)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < request->segment_count; i++) {
        if (request->segments[i].bytes == 0) {
            return ERR_FORMAT;
        }
        sum += request->segments[i].bytes;
    }
    return sum == (uint64_t)request->sector_count * BLK_SECTOR_BYTES && sum <= BLK_MAX_BYTES ? ERR_OK
                                                                                             : ERR_FORMAT;
}

enum err blk_check_request(struct blk_request *request, const uint8_t *untrusted, uint32_t bytes)
{
    if (bytes < BLK_REQUEST_HEADER_BYTES || bytes > sizeof *request) {
        return ERR_FORMAT;
    }
    memcpy(request, untrusted, bytes);
    if (request->op > BLK_WRITE_ZEROES || request->segment_count > BLK_MAX_SEGMENTS ||
        bytes != blk_check_request_bytes(request->segment_count) ||
        (request->flags & ~(uint32_t)(BLK_FUA | BLK_UNMAP)) != 0) {
        return ERR_FORMAT;
    }
    if (moves_data(request->op)) {
        return request->sector_count != 0 ? check_segments(request) : ERR_FORMAT;
    }
    const bool is_flush = request->op == BLK_FLUSH;
    return request->segment_count == 0 && (request->sector_count == 0) == is_flush ? ERR_OK : ERR_FORMAT;
}

enum err blk_check_info(struct blk_info *info, const uint8_t *untrusted, uint32_t bytes)
{
    if (bytes != sizeof *info) {
        return ERR_FORMAT;
    }
    mem_copy_once(info, untrusted, sizeof *info);
    if (info->block_bytes < BLK_SECTOR_BYTES || info->block_bytes > MAX_BLOCK_BYTES ||
        (info->block_bytes & (info->block_bytes - 1)) != 0 || info->max_segments == 0 ||
        info->max_segment_bytes < info->block_bytes || info->physical_exponent > 16 ||
        info->sector_count > UINT64_MAX / BLK_SECTOR_BYTES) {
        return ERR_FORMAT;
    }
    return ERR_OK;
}
