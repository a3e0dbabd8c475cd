/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inputs and requests of any size in any order: nothing comes out before enough went in, nothing comes out
 * twice, and what was given out does not lie about in the state.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/entropy_config.h"
#include "pd/entropy/entropy.h"
#include "tests/mock/fuzz_input.h"

#define OUT_BYTES (ENTROPY_MAX_WORDS * sizeof(uint64_t))

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct entropy *entropy, struct fuzz_input *input, uint64_t *credited)
{
    const size_t bytes = fuzz_input_u8(input) < input->bytes ? fuzz_input_u8(input) % (input->bytes + 1) : 0;
    const uint32_t credit = fuzz_input_u16(input);
    const size_t there = bytes < input->bytes ? bytes : input->bytes;

    entropy_add(entropy, input->at, there, credit);
    input->at += there;
    input->bytes -= there;
    *credited += credit;
}

/* `before` is what the last one gave. */
static void get(struct entropy *entropy, size_t bytes, uint64_t credited, uint8_t before[OUT_BYTES])
{
    uint8_t out[OUT_BYTES];

    memset(out, 0, sizeof out);
    const enum err err = entropy_get(entropy, out, bytes);
    if ((err == ERR_OK) != (credited >= ENTROPY_SEED_BITS) || entropy_is_seeded(entropy) != (err == ERR_OK)) {
        abort();
    }
    if (err == ERR_OK && bytes >= 16 &&
        (memcmp(before, out, 16) == 0 || memmem(entropy, sizeof *entropy, out, 16) != NULL)) {
        abort();
    }
    for (size_t i = err == ERR_OK ? bytes : 0; i < sizeof out; i++) {
        if (out[i] != 0) {
            abort();
        }
    }
    memcpy(before, out, OUT_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    uint8_t before[OUT_BYTES] = {0};
    struct entropy entropy;
    uint64_t credited = 0;

    entropy_init(&entropy);
    while (input.bytes > 0) {
        const uint8_t op = fuzz_input_u8(&input);
        if ((op & 1) != 0) {
            add(&entropy, &input, &credited);
        } else {
            get(&entropy, fuzz_input_u8(&input) % (OUT_BYTES + 1), credited, before);
        }
    }
    return 0;
}
