/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The program of a PD, with everything in it that the description decides: configuration sections, <setvar>
 * and setvar_* symbols, and the variables of libmicrokit (microkit_name, microkit_passive, microkit_irqs,
 * microkit_notifications, microkit_pps; Microkit manual, "Library").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/image/elf_program.h"
#include "tool/model/model.h"

struct pd_program {
    struct elf_program program;
    struct elf_program symbols; /**< of path_for_symbols; unused (all zero) if there is none */
};

/**
 * Find `pd->program_image` as it stands or below `dirs` and load it. On failure reports and leaves nothing to
 * free. Errors: ERR_IO (not found), and those of elf_program_load().
 */
ERR_CHECKED enum err pd_program_load(struct pd_program *program, const struct model_pd *pd,
                                     const char *const *dirs, size_t dir_count, struct diag *diag);

/** Free what pd_program_load() made; fine on an all-zero program too. */
void pd_program_free(struct pd_program *program);

/**
 * Overwrite the configuration sections. A section's placeholder must have the magic, version and size of the
 * new contents. Errors, reported: ERR_FORMAT.
 */
ERR_CHECKED enum err pd_program_configure(struct pd_program *program, const struct model_pd *pd,
                                          struct diag *diag);

/** Which setvars pd_program_set_values() leaves to the Microkit SDK's tool. */
struct pd_program_sdk {
    bool setvar_id; /**< those of ids, except for vCPUs */
    bool prefill;   /**< all of prefilled regions; without it, the tool doesn't hear of such regions */
};

/**
 * For a program that the SDK's tool will load: write the setvars that a Microkit description cannot express,
 * or that this SDK doesn't know (`sdk`). Those with physical addresses are always left to it.
 * Errors: as pd_program_set_symbols().
 */
ERR_CHECKED enum err pd_program_set_values(struct pd_program *program, const struct model *model,
                                           const struct model_pd *pd, const struct pd_program_sdk *sdk,
                                           struct diag *diag);

/**
 * Write the symbols: libmicrokit's variables (those that the program has) and all setvars (those it must
 * have). Call it when regions that a setvar names have their physical addresses.
 * Errors, all reported: ERR_FORMAT (no such symbol, or not 8 bytes long).
 */
ERR_CHECKED enum err pd_program_set_symbols(struct pd_program *program, const struct model *model,
                                            const struct model_pd *pd, struct diag *diag);
