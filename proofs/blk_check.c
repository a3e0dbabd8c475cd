/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Block requests and information from a peer: any bytes, of any length, that may change while they are
 * copied.
 *
 * @contract What passes is known, complete and bounded, its segments make its sectors, and no range that
 * passes lies outside its limit or wraps.
 * @bound segments of a request: 12 of 126; else none
 *
 * @with
 * lib/blk/blk_protocol.h
 * - #define BLK_MAX_SEGMENTS 126u
 * + #define BLK_MAX_SEGMENTS 12u
 *
 * @run prove_request --unwind 14
 * @defect prove_request: as long as its sectors
 * lib/blk/blk_check.c
 * -     return sum == (uint64_t)request->sector_count * BLK_SECTOR_BYTES && sum <= BLK_MAX_BYTES ? ERR_OK
 * +     return (uint32_t)sum == request->sector_count * BLK_SECTOR_BYTES && sum <= BLK_MAX_BYTES ? ERR_OK
 *
 * @run prove_range
 * @defect prove_range: exactly what lies inside
 * lib/blk/blk_check.c
 * -     return offset <= limit && bytes <= limit - offset;
 * +     return offset + bytes <= limit;
 *
 * @run prove_info
 * @defect prove_info: its bytes can be counted
 * lib/blk/blk_check.c
 * -         info->sector_count > UINT64_MAX / BLK_SECTOR_BYTES) {
 * +         info->sector_count == UINT64_MAX) {
 */
#include "proofs/cbmc.h"

#include "lib/base/mem.h"
#include "lib/blk/blk_protocol.h"

struct blk_request nondet_request(void);
struct blk_info nondet_info(void);

static const uint8_t peer[1]; /* never read: a copy gives any contents */
static uint32_t sent_bytes;

static void copy(uint64_t bytes, uint64_t room)
{
    PROVE(bytes <= sent_bytes && bytes <= room, "copy of what was sent, and for which there is room");
}

#define memcpy(to, from, bytes) (copy(bytes, sizeof(*(to))), *(to) = nondet_request())
#define mem_copy_once(to, from, bytes) (copy(bytes, sizeof(*(to))), *(to) = nondet_info())
#include "lib/blk/blk_check.c"

static uint64_t sum_of(const struct blk_request *request)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < BLK_MAX_SEGMENTS && i < request->segment_count; i++) {
        PROVE(request->segments[i].bytes != 0, "no segment is empty");
        sum += request->segments[i].bytes;
    }
    return sum;
}

void prove_request(uint32_t bytes)
{
    struct blk_request request;

    sent_bytes = bytes;
    if (blk_check_request(&request, peer, bytes) != ERR_OK) {
        return;
    }
    PROVE(request.op <= BLK_WRITE_ZEROES && (request.flags & ~(uint32_t)(BLK_FUA | BLK_UNMAP)) == 0, "known");
    PROVE(request.segment_count <= BLK_MAX_SEGMENTS &&
              bytes == BLK_REQUEST_HEADER_BYTES + sizeof(struct blk_segment) * request.segment_count,
          "complete");
    const uint64_t sum = sum_of(&request);
    if (request.op == BLK_READ || request.op == BLK_WRITE) {
        PROVE(sum == (uint64_t)request.sector_count * BLK_SECTOR_BYTES, "as long as its sectors");
        PROVE(sum != 0 && sum <= BLK_MAX_BYTES, "bounded");
    } else {
        PROVE(request.segment_count == 0, "no data");
    }
    PROVE((request.op == BLK_FLUSH) == (request.sector_count == 0), "a flush alone has no sectors");
}

void prove_range(uint64_t offset, uint64_t bytes, uint64_t limit)
{
    PROVE(blk_check_range(offset, bytes, limit) == ((unsigned __int128)offset + bytes <= limit),
          "exactly what lies inside");
}

void prove_info(uint32_t bytes)
{
    struct blk_info info;

    sent_bytes = bytes;
    if (blk_check_info(&info, peer, bytes) != ERR_OK) {
        return;
    }
    PROVE(info.sector_count <= UINT64_MAX / BLK_SECTOR_BYTES, "its bytes can be counted");
    PROVE(info.block_bytes >= BLK_SECTOR_BYTES && (info.block_bytes & (info.block_bytes - 1)) == 0,
          "a block is a power of two");
    PROVE(info.max_segments != 0 && info.max_segment_bytes >= info.block_bytes,
          "a block fits into a segment");
}
