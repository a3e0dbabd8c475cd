/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A limit on bytes a second: a token bucket that may run into debt, so that any frame goes whatever its length
 * and the rate holds in the long run all the same. Tokens are counted in time: 1/65536 of a clock tick each.
 *
 * Who has used up its tokens waits until there is a piece of them again, and not for the next frame's: else a fast
 * port would be woken for each frame.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Without a burst of its own: what the rate gives in so long. */
#define RATE_BURST_US 4000u
/** Who is out of tokens waits for what a quarter of the burst takes, but no longer than this. */
#define RATE_PIECE_MAX_US 2000u

/** One limit. All zeros: none. */
struct rate {
    uint64_t per_byte; /**< tokens that a byte costs; 0: there is no limit */
    int64_t tokens;    /**< what is left, or owed */
    int64_t burst;     /**< the most that may be left */
    int64_t piece;     /**< how many there must be again after a debt */
    uint64_t at;       /**< when `tokens` was computed, in ticks */
    bool waits;        /**< it was out of tokens, and waits for a piece */
};

/**
 * Set up for `kbps` (0: no limit), full. `burst_bytes`: the most that goes at once after a pause; 0: what the rate
 * gives in RATE_BURST_US.
 */
void rate_init(struct rate *rate, uint32_t kbps, uint32_t burst_bytes, uint64_t ticks_per_second);

/** Set up for `pps` frames a second (0: no limit), each of which is charged as one byte: a tenth of a second's at once. */
void rate_init_frames(struct rate *rate, uint32_t pps, uint64_t ticks_per_second);

/** It is `now`: may another frame go? */
bool rate_allows(struct rate *rate, uint64_t now);

/** `bytes` have gone. */
void rate_charge(struct rate *rate, uint32_t bytes);

/** After rate_allows() has said no: when it will say yes, in ticks. */
uint64_t rate_ready_at(const struct rate *rate);
