/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A guest's stage-1 translation, walked in software (Arm ARM D8.2): VMSAv8-64 with 4, 16 and 64 KiB granules, up to
 * 48 bits, TTBR0_EL1 and TTBR1_EL1. The guest may have anything in its tables: a walk reads at most four entries.
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/guestmem/guestmem.h"

/** The registers that say how. */
struct walk_regime {
    uint64_t sctlr, tcr, ttbr0, ttbr1;
};

/** Where an address leads. */
struct walk_result {
    uint64_t gpa;
    uint64_t bytes; /**< up to the end of the page or block */
};

/**
 * Translate `va`. With the MMU off it is the guest-physical address itself.
 * Errors: ERR_RANGE: the address is mapped nowhere, or a table lies outside of RAM.
 */
ERR_CHECKED enum err walk_translate(const struct walk_regime *regime, const struct guestmem *mem, uint64_t va,
                                    struct walk_result *result);
