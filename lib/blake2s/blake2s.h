/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * BLAKE2s (RFC 7693): the one cryptographic primitive of the project, used by the entropy PD both to mix
 * what it collects and, keyed, to generate output. Runs in constant time; needs no table and no heap.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define BLAKE2S_BLOCK_BYTES 64u
#define BLAKE2S_MAX_BYTES 32u /**< largest digest and largest key */

/** A hash in progress. Private to blake2s.c except for its size. */
struct blake2s {
    uint32_t h[8];
    uint64_t total_bytes;
    uint8_t block[BLAKE2S_BLOCK_BYTES];
    uint32_t block_bytes;
    uint32_t digest_bytes;
};

/**
 * Start a hash of `digest_bytes` (1..32), keyed with `key_bytes` (0..32) of `key` (unkeyed: 0, key may be
 * NULL). Lengths beyond that are clamped.
 */
void blake2s_init(struct blake2s *hash, uint32_t digest_bytes, const void *key, uint32_t key_bytes);

/** Add `bytes` of `data`. */
void blake2s_update(struct blake2s *hash, const void *data, size_t bytes);

/** Write the digest (as many bytes as blake2s_init() was told) and wipe the state. */
void blake2s_final(struct blake2s *hash, uint8_t *digest);
