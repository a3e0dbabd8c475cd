/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A limit on a client's requests and bytes a second. Each request takes its time at the allowed rate, and the
 * next one is heard when that is over; what a client doesn't use within a moment is not saved up. Part of
 * blk_server.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BLK_LIMIT_NEVER UINT64_MAX

/** Times are in ticks. */
struct blk_limit {
    uint64_t hz;        /**< ticks a second */
    uint64_t iops;      /**< 0: no limit */
    uint64_t bandwidth; /**< likewise */
    uint64_t ready_at;  /**< when the next request may be heard */
};

/** Set it up; `hz` isn't 0. */
void blk_limit_init(struct blk_limit *limit, uint64_t hz, uint64_t iops, uint64_t bandwidth);

/** Whether a request may be heard now. */
static inline bool blk_limit_allows(const struct blk_limit *limit, uint64_t now)
{
    return now >= limit->ready_at;
}

/** A request of `bytes` bytes has been heard. */
void blk_limit_charge(struct blk_limit *limit, uint64_t now, uint64_t bytes);
