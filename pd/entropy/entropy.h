/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The entropy PD's logic: a pool that is mixed and a generator with fast key erasure, both BLAKE2s.
 *
 * Sources are mixed in with entropy_add(); a client gets bytes only once at least 256 bits of full-entropy
 * input were credited. Every output block and the next key come from the same keyed hash with different
 * counters, and the old key is overwritten at once: reading this PD's memory later reveals no past output.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define ENTROPY_KEY_BYTES 32u
#define ENTROPY_SEED_BITS 256u /**< credited input needed before the first output */

struct entropy {
    uint8_t key[ENTROPY_KEY_BYTES];
    uint64_t counter;       /**< outputs so far; makes each hash input unique */
    uint32_t credited_bits; /**< saturates at ENTROPY_SEED_BITS */
};

/** Start with an empty pool. */
void entropy_init(struct entropy *entropy);

/** Mix `bytes` of `data` in, worth `credit_bits` of entropy (0 for what is merely hard to guess). */
void entropy_add(struct entropy *entropy, const void *data, size_t bytes, uint32_t credit_bits);

/** Whether entropy_get() may be called. */
bool entropy_is_seeded(const struct entropy *entropy);

/** Fill `out` with `bytes` of output. ERR_STATE while not seeded: then `out` is untouched. */
ERR_CHECKED enum err entropy_get(struct entropy *entropy, void *out, size_t bytes);
