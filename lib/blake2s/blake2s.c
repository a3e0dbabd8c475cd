/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/blake2s/blake2s.h"

#include <stdbool.h>

static const uint32_t iv[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                               0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* RFC 7693 table: message word order of each round. */
static const uint8_t sigma[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static uint32_t load32(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static uint32_t rotate_right(uint32_t value, unsigned int bits)
{
    return value >> bits | value << (32 - bits);
}

static void mix(uint32_t v[16], const uint8_t lanes[4], uint32_t x, uint32_t y)
{
    uint32_t *a = &v[lanes[0]], *b = &v[lanes[1]], *c = &v[lanes[2]], *d = &v[lanes[3]];

    *a += *b + x;
    *d = rotate_right(*d ^ *a, 16);
    *c += *d;
    *b = rotate_right(*b ^ *c, 12);
    *a += *b + y;
    *d = rotate_right(*d ^ *a, 8);
    *c += *d;
    *b = rotate_right(*b ^ *c, 7);
}

static void compress(struct blake2s *hash, bool last)
{
    static const uint8_t lanes[8][4] = {{0, 4, 8, 12},  {1, 5, 9, 13},  {2, 6, 10, 14}, {3, 7, 11, 15},
                                        {0, 5, 10, 15}, {1, 6, 11, 12}, {2, 7, 8, 13},  {3, 4, 9, 14}};
    uint32_t v[16], m[16];

    for (int i = 0; i < 8; i++) {
        v[i] = hash->h[i];
        v[i + 8] = iv[i];
    }
    v[12] ^= (uint32_t)hash->total_bytes;
    v[13] ^= (uint32_t)(hash->total_bytes >> 32);
    if (last) {
        v[14] = ~v[14];
    }
    for (int i = 0; i < 16; i++) {
        m[i] = load32(&hash->block[4 * i]);
    }
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 8; i++) {
            mix(v, lanes[i], m[sigma[round][2 * i]], m[sigma[round][2 * i + 1]]);
        }
    }
    for (int i = 0; i < 8; i++) {
        hash->h[i] ^= v[i] ^ v[i + 8];
    }
}

void blake2s_init(struct blake2s *hash, uint32_t digest_bytes, const void *key, uint32_t key_bytes)
{
    const uint8_t *k = key;

    if (digest_bytes == 0 || digest_bytes > BLAKE2S_MAX_BYTES) {
        digest_bytes = BLAKE2S_MAX_BYTES;
    }
    if (key_bytes > BLAKE2S_MAX_BYTES) {
        key_bytes = BLAKE2S_MAX_BYTES;
    }
    for (int i = 0; i < 8; i++) {
        hash->h[i] = iv[i];
    }
    hash->h[0] ^= 0x01010000u ^ key_bytes << 8 ^ digest_bytes;
    hash->total_bytes = 0;
    hash->block_bytes = 0;
    hash->digest_bytes = digest_bytes;
    for (uint32_t i = 0; i < BLAKE2S_BLOCK_BYTES; i++) {
        hash->block[i] = i < key_bytes ? k[i] : 0;
    }
    if (key_bytes != 0) {
        hash->block_bytes = BLAKE2S_BLOCK_BYTES;
    }
}

void blake2s_update(struct blake2s *hash, const void *data, size_t bytes)
{
    const uint8_t *from = data;

    for (size_t i = 0; i < bytes; i++) {
        /* A full block waits until more follows: the last one is compressed with the final flag. */
        if (hash->block_bytes == BLAKE2S_BLOCK_BYTES) {
            hash->total_bytes += BLAKE2S_BLOCK_BYTES;
            compress(hash, false);
            hash->block_bytes = 0;
        }
        hash->block[hash->block_bytes++] = from[i];
    }
}

void blake2s_final(struct blake2s *hash, uint8_t *digest)
{
    volatile uint8_t *wipe = (volatile uint8_t *)hash;

    hash->total_bytes += hash->block_bytes;
    for (uint32_t i = hash->block_bytes; i < BLAKE2S_BLOCK_BYTES; i++) {
        hash->block[i] = 0;
    }
    compress(hash, true);
    for (uint32_t i = 0; i < hash->digest_bytes; i++) {
        digest[i] = (uint8_t)(hash->h[i / 4] >> 8 * (i % 4));
    }
    /* Keys and pools must not stay on the stack; volatile keeps the compiler from dropping the stores. */
    for (size_t i = 0; i < sizeof *hash; i++) {
        wipe[i] = 0;
    }
}
