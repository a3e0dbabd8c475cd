/* SPDX-License-Identifier: BSD-2-Clause */
/* A token bucket: how fast a port may send or get frames. */
#include "pd/vswitch/rate.h"

#define TOKENS_PER_TICK_SHIFT 16
#define BITS_PER_BYTE 8u
#define BITS_PER_KBIT 1000u
/* Nothing counts more than this, so that sums fit. */
#define TOKENS_MAX (INT64_C(1) << 61)

/* What is granted in `us`. */
static int64_t tokens_in(uint32_t us, uint64_t ticks_per_second)
{
    return (int64_t)((ticks_per_second * us / 1000000u) << TOKENS_PER_TICK_SHIFT);
}

/* What `bytes` cost. */
static int64_t cost_of(const struct rate *rate, uint32_t bytes)
{
    const uint64_t limit = (uint64_t)TOKENS_MAX / rate->per_byte;

    return bytes < limit ? (int64_t)(rate->per_byte * bytes) : TOKENS_MAX;
}

void rate_init(struct rate *rate, uint32_t kbps, uint32_t burst_bytes, uint64_t ticks_per_second)
{
    *rate = (struct rate){0};
    if (kbps == 0) {
        return;
    }
    const int64_t piece_max = tokens_in(RATE_PIECE_MAX_US, ticks_per_second);

    rate->per_byte =
        ((ticks_per_second * BITS_PER_BYTE) << TOKENS_PER_TICK_SHIFT) / ((uint64_t)kbps * BITS_PER_KBIT);
    rate->per_byte += rate->per_byte == 0 ? 1 : 0;
    rate->burst = burst_bytes != 0 ? cost_of(rate, burst_bytes) : tokens_in(RATE_BURST_US, ticks_per_second);
    rate->piece = rate->burst / 4 < piece_max ? rate->burst / 4 : piece_max;
    rate->piece += rate->piece == 0 ? 1 : 0;
    rate->tokens = rate->burst;
}

void rate_init_frames(struct rate *rate, uint32_t pps, uint64_t ticks_per_second)
{
    *rate = (struct rate){0};
    if (pps == 0) {
        return;
    }
    rate->per_byte = (ticks_per_second << TOKENS_PER_TICK_SHIFT) / pps;
    rate->per_byte += rate->per_byte == 0 ? 1 : 0;
    rate->burst = cost_of(rate, pps / 10 + 1);
    rate->piece = 1; /* nobody waits for it */
    rate->tokens = rate->burst;
}

/* Grant what has become due. */
static void renew(struct rate *rate, uint64_t now)
{
    const uint64_t elapsed = now - rate->at;
    const uint64_t missing = (uint64_t)(rate->burst - rate->tokens) >> TOKENS_PER_TICK_SHIFT;

    rate->at = now;
    rate->tokens =
        elapsed > missing ? rate->burst : rate->tokens + (int64_t)(elapsed << TOKENS_PER_TICK_SHIFT);
}

bool rate_allows(struct rate *rate, uint64_t now)
{
    renew(rate, now);
    rate->waits = rate->tokens < (rate->waits ? rate->piece : 1);
    return !rate->waits;
}

void rate_charge(struct rate *rate, uint32_t bytes)
{
    const int64_t cost = cost_of(rate, bytes);

    rate->tokens = rate->tokens > cost - TOKENS_MAX ? rate->tokens - cost : -TOKENS_MAX;
}

uint64_t rate_ready_at(const struct rate *rate)
{
    const uint64_t missing = (uint64_t)(rate->piece - rate->tokens);

    return rate->at + (missing >> TOKENS_PER_TICK_SHIFT) + 1;
}
