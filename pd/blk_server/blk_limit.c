/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_server/blk_limit.h"

/* What may be saved up: so much of a second. A timer that is late by less costs no throughput. */
#define SAVED_PER_SECOND 20u

void blk_limit_init(struct blk_limit *limit, uint64_t hz, uint64_t iops, uint64_t bandwidth)
{
    *limit = (struct blk_limit){.hz = hz, .iops = iops, .bandwidth = bandwidth};
}

/* `amount` at `rate` a second, in ticks; a whole second at most is rounded. */
static uint64_t ticks_for(uint64_t hz, uint64_t amount, uint64_t rate)
{
    if (rate == 0) {
        return 0;
    }
    return amount / rate * hz + amount % rate * hz / rate;
}

void blk_limit_charge(struct blk_limit *limit, uint64_t now, uint64_t bytes)
{
    const uint64_t for_request = ticks_for(limit->hz, 1, limit->iops);
    const uint64_t for_bytes = ticks_for(limit->hz, bytes, limit->bandwidth);
    const uint64_t saved = limit->hz / SAVED_PER_SECOND;
    const uint64_t earliest = now > saved ? now - saved : 0;

    if (limit->iops == 0 && limit->bandwidth == 0) {
        return;
    }
    limit->ready_at = limit->ready_at < earliest ? earliest : limit->ready_at;
    limit->ready_at += for_request > for_bytes ? for_request : for_bytes;
}
