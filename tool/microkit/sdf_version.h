/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Versions of the Microkit SDK and what their system descriptions can say.
 *
 * The figures are from the manuals of the releases ("System Description File").
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"

/** The version of an SDK, as its file VERSION has it. */
struct sdf_version {
    unsigned int major, minor, patch;
};

/** What differs between the versions known here (2.0.1 to 2.3.0). */
struct sdf_features {
    bool cpu;           /**< `cpu` on protection domains and vCPUs: 2.1.0 */
    bool setvar_id;     /**< `setvar_id` on ends, interrupts and children: 2.1.0. (Up to 2.3.0 the tool
                             overlooks it on vCPUs, so it isn't used there.) */
    bool prefill;       /**< prefill_path, setvar_prefill_size, path_for_symbols: 2.2.0 */
    bool fpu;           /**< <protection_domain fpu="">: 2.3.0 */
    uint64_t top_bytes; /**< at the end of a PD's address space, above its stack, for the IPC buffer: 2.3.0 */
    uint64_t pool_bytes; /**< regions of 2 MiB pages without an address, all together; 0: no limit, from
                            2.1.0 on */
    uint32_t id_limit;   /**< channel, interrupt, child and vCPU ids are below it */
};

/**
 * Parse an SDK's version ("2.0.1", also with a suffix such as "-dev").
 * Reports an error and returns ERR_UNSUPPORTED for one that is older than 2.0.1, ERR_FORMAT for no version; a
 * version newer than 2.3.0 gets a warning and counts as 2.3.0.
 */
ERR_CHECKED enum err sdf_version_parse(const char *text, struct diag *diag, struct sdf_version *version);

/** What that version can do. */
struct sdf_features sdf_version_features(struct sdf_version version);
