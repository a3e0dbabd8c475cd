/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Boot-time randomness: the rng-seed that the firmware left in the board's device tree goes to the one PD
 * that the descriptor names, in its message words, before it first runs. The kernel keeps no copy.
 */
#pragma once

#include <stdint.h>

#include "kernel/include/sysdesc.h"

#define SEED_MAX_BYTES SYSDESC_SEED_MAX_BYTES

/**
 * Find the property `rng-seed` of `/chosen` in the flattened device tree at `fdt` (Devicetree Specification 0.4,
 * chapter 5), aligned to 8 bytes, of which at most `limit_bytes` are looked at, and copy it to `seed`. Called with the MMU off,
 * where memory takes aligned accesses only. Returns its length, 0 if there is no tree or no seed.
 */
uint32_t seed_find(const void *fdt, uint64_t limit_bytes, uint8_t seed[SEED_MAX_BYTES]);
