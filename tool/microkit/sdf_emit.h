/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The same system for an unmodified seL4 Microkit SDK: a folder with a `.system` file, a configured copy of
 * every PD's program, and the contents of memory regions, for the SDK's own tool to build an image from.
 *
 * What the bundled kernel does beyond Microkit is left out where the VMM does the same work itself
 * (doorbells, posted interrupts), and is an error where nothing can (interrupts straight to a vCPU, the
 * kernel's log). SDKs before 2.2 know no prefilled regions: their contents travel in the programs that map
 * them, as a segment at the address of the mapping.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/microkit/sdf_version.h"
#include "tool/model/model.h"

/** Name of the VMs' region for the GIC's virtual CPU interface in an emitted system. */
#define SDF_EMIT_GICV_NAME "gic_vcpu_interface"

struct sdf_options {
    struct sdf_version version;
    uint32_t core_count;            /**< of the SDK's configuration; 0: not known, so any core will do */
    const char *output_dir;         /**< exists */
    const char *const *search_dirs; /**< for programs and prefill files */
    size_t search_dir_count;
};

/**
 * Write `<output_dir>/<system>.system`, `<pd>.elf` and `<region>.bin`. Run the SDK's tool with the folder as
 * a search path. Errors, all reported: ERR_UNSUPPORTED (cannot be said to Microkit), and those of the parts.
 */
ERR_CHECKED enum err sdf_emit(struct model *model, const struct sdf_options *options, struct diag *diag);

/** A PD's name in an emitted system: its own, except for the one that Microkit keeps for itself. */
const char *sdf_emit_pd_name(const struct model_pd *pd);

/** Print the `.system` file of a checked model. */
void sdf_emit_print(const struct model *model, struct sdf_version version, FILE *out);
