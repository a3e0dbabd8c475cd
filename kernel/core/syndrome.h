/* SPDX-License-Identifier: BSD-2-Clause */
/** Exception syndromes (ESR_EL2; Arm ARM D17.2.37): what follows from an SError, and causes in words. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/aarch64/esr.h"

/** What becomes of an SError interrupt; see syndrome_serror(). */
enum syndrome_serror {
    SYNDROME_SERROR_CONTAINED, /**< corrected, or nobody has consumed it: go on */
    SYNDROME_SERROR_UNKNOWN,   /**< the core does not say what it was */
    SYNDROME_SERROR_FATAL      /**< what is in memory or registers may be wrong */
};

/**
 * Judge an SError by its syndrome (Arm ARM D19.2.37, "ISS encoding for an SError interrupt"). `has_ras`: the
 * core has FEAT_RAS, so that an architected syndrome says how far the error has spread.
 */
enum syndrome_serror syndrome_serror(uint64_t syndrome, bool has_ras);

/** The cause in words, never NULL. */
const char *syndrome_text(uint64_t syndrome);
