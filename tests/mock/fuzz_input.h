/* SPDX-License-Identifier: BSD-2-Clause */
/** A fuzzer's input as a stream of little-endian numbers. Past its end everything is 0. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/** What is left of the input. */
struct fuzz_input {
    const uint8_t *at;
    size_t bytes;
};

/** The next number of 8, 16, 32 or 64 bits. */
static inline uint8_t fuzz_input_u8(struct fuzz_input *input)
{
    if (input->bytes == 0) {
        return 0;
    }
    input->bytes--;
    return *input->at++;
}

static inline uint16_t fuzz_input_u16(struct fuzz_input *input)
{
    const unsigned int low = fuzz_input_u8(input);

    return (uint16_t)(low | (unsigned int)fuzz_input_u8(input) << 8);
}

static inline uint32_t fuzz_input_u32(struct fuzz_input *input)
{
    const uint32_t low = fuzz_input_u16(input);

    return low | (uint32_t)fuzz_input_u16(input) << 16;
}

static inline uint64_t fuzz_input_u64(struct fuzz_input *input)
{
    const uint64_t low = fuzz_input_u32(input);

    return low | (uint64_t)fuzz_input_u32(input) << 32;
}
