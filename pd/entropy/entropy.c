/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/entropy/entropy.h"

#include "lib/base/mem.h"
#include "lib/blake2s/blake2s.h"

/* One byte in front of each hash input keeps the three uses apart. */
enum purpose { PURPOSE_MIX = 1, PURPOSE_OUTPUT = 2, PURPOSE_REKEY = 3 };

static void derive(const struct entropy *entropy, enum purpose purpose, const void *data, size_t bytes,
                   uint8_t out[ENTROPY_KEY_BYTES])
{
    const uint8_t tag = (uint8_t)purpose;
    struct blake2s hash;

    blake2s_init(&hash, ENTROPY_KEY_BYTES, entropy->key, ENTROPY_KEY_BYTES);
    blake2s_update(&hash, &tag, 1);
    blake2s_update(&hash, &entropy->counter, sizeof entropy->counter);
    blake2s_update(&hash, data, bytes);
    blake2s_final(&hash, out);
}

void entropy_init(struct entropy *entropy)
{
    memset(entropy, 0, sizeof *entropy);
}

void entropy_add(struct entropy *entropy, const void *data, size_t bytes, uint32_t credit_bits)
{
    uint8_t key[ENTROPY_KEY_BYTES];
    uint32_t room = ENTROPY_SEED_BITS - entropy->credited_bits;

    derive(entropy, PURPOSE_MIX, data, bytes, key);
    memcpy(entropy->key, key, sizeof key);
    entropy->counter++;
    entropy->credited_bits += credit_bits < room ? credit_bits : room;
}

bool entropy_is_seeded(const struct entropy *entropy)
{
    return entropy->credited_bits >= ENTROPY_SEED_BITS;
}

enum err entropy_get(struct entropy *entropy, void *out, size_t bytes)
{
    uint8_t block[ENTROPY_KEY_BYTES];
    uint8_t *to = out;

    if (!entropy_is_seeded(entropy)) {
        return ERR_STATE;
    }
    while (bytes != 0) {
        size_t step = bytes < sizeof block ? bytes : sizeof block;

        entropy->counter++;
        derive(entropy, PURPOSE_OUTPUT, NULL, 0, block);
        memcpy(to, block, step);
        to += step;
        bytes -= step;
    }
    derive(entropy, PURPOSE_REKEY, NULL, 0, block);
    memcpy(entropy->key, block, sizeof block);
    memset(block, 0, sizeof block);
    entropy->counter++;
    return ERR_OK;
}
