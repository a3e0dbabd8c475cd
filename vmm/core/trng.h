/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Randomness for the guest, from the entropy PD (lib/config/entropy_config.h): a seed in its device tree at
 * each start, and SMCCC TRNG 1.0 (Arm DEN 0098) while it runs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"

/** Function identifiers; RND64 is TRNG_RND with the SMC64 bit. */
#define TRNG_VERSION 0x84000050u
#define TRNG_FEATURES 0x84000051u
#define TRNG_GET_UUID 0x84000052u
#define TRNG_RND32 0x84000053u
#define TRNG_RND64 0xc4000053u

/** Fetch `count` random words (up to ENTROPY_MAX_WORDS). ERR_EMPTY: there is no entropy PD, or it has no
 * seed. */
ERR_CHECKED enum err trng_fetch(const struct vmm_config *config, uint64_t *words, uint32_t count);

/**
 * Fill the properties rng-seed and kaslr-seed of /chosen of the device tree that lies loaded at
 * `config->dtb_gpa`. Without randomness they are taken out (FDT_NOP), so that no guest credits zeros. Errors:
 * those of guestmem.
 */
ERR_CHECKED enum err trng_seed_guest(const struct vmm_config *config, const struct guestmem *mem);

/** Serve the call in args[0..3] = x0..x3 if it is one of TRNG's. False: it is not, or there is no entropy PD.
 */
bool trng_call(const struct vmm_config *config, uint64_t args[8]);
