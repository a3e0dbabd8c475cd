/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Device trees that the user brings: overlays on the generated tree, and whole trees instead of it.
 *
 * Either way the result has to describe the machine that the guest really has, or Linux would fault where its
 * user thinks everything was declared: fdt_custom_check() compares.
 */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"
#include "tool/fdt/fdt_guest.h"

/** Where disagreements go: one sentence each, without full stop. */
struct fdt_reporter {
    void (*report)(void *context, const char *text);
    void *context;
};

/**
 * Apply the overlay (.dtbo, `bytes` long) to *guest, which is replaced by a larger blob. Labels of the
 * generated tree are those of fdt_guest_build(). Errors, with *error and *guest as it was: ERR_FORMAT: no
 * overlay, or one for another tree (a label or path is missing). ERR_SPACE: the tree would be larger than 1
 * MiB.
 */
ERR_CHECKED enum err fdt_custom_overlay(struct fdt_blob *guest, const void *overlay, size_t bytes,
                                        struct fdt_error *error);

/**
 * Put into /chosen of a tree the user brought what only the tool knows: where the initrd is and the random
 * seeds; and command line and stdout-path unless the tree has its own. *guest is replaced.
 * Errors: ERR_SPACE.
 */
ERR_CHECKED enum err fdt_custom_complete(struct fdt_blob *blob, const struct fdt_guest *guest,
                                         struct fdt_error *error);

/**
 * Compare a sound tree with the machine that `guest` describes: memory, CPUs, PSCI, GIC, timer, every device
 * of the guest with registers and interrupt, and no enabled device that the guest does not have. Returns the
 * number of disagreements, each of which was reported.
 */
unsigned int fdt_custom_check(const void *dtb, const struct fdt_guest *guest,
                              const struct fdt_reporter *reporter);
