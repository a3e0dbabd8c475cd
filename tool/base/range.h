/* SPDX-License-Identifier: BSD-2-Clause */
/** Ranges of addresses: a start and a number of bytes, at least one. Nothing here overflows. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Whether two ranges have a byte in common. */
static inline bool range_overlaps(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b ? b - a < a_bytes : a - b < b_bytes;
}

/** Whether the range `inner` lies in the range `outer`, all of it. */
static inline bool range_contains(uint64_t outer, uint64_t outer_bytes, uint64_t inner, uint64_t inner_bytes)
{
    return inner >= outer && inner_bytes <= outer_bytes && inner - outer <= outer_bytes - inner_bytes;
}
