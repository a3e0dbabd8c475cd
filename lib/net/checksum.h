/* SPDX-License-Identifier: BSD-2-Clause */
/** The Internet checksum (RFC 1071): ones'-complement sums of 16-bit big-endian words. */
#pragma once

#include <stdint.h>

/**
 * A sum in progress: not yet folded, in the byte order of memory, so that words are added as they lie there.
 * Zero is the sum of nothing.
 */
typedef uint64_t checksum_t;

/**
 * `sum` with `bytes` of `data` added. Only the last piece of a sum may have an odd length; it counts as if a
 * zero byte followed.
 */
checksum_t checksum_add(checksum_t sum, const uint8_t *data, uint32_t bytes);

/** `sum` with a 16-bit number added. */
checksum_t checksum_add_number(checksum_t sum, uint16_t number);

/** Fold and complement: what goes into a header, as two bytes in network order. */
void checksum_store(checksum_t sum, uint8_t to[2]);
