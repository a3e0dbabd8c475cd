/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Copies nodes of the board's device tree into a guest's, for devices that are passed through.
 *
 * A copied node stands below the guest's root with its registers at their physical addresses and its
 * interrupts with their physical numbers. What it refers to by phandle comes along if it is just a
 * description (fixed clocks and regulators); what has registers of its own has to be passed through too.
 * Unless it is said at what rate the device's clocks run: then these are fixed clocks to the guest, and its power
 * domains, resets and pins, which stay as the firmware has left them, are not in the copy.
 */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"
#include "tool/fdt/fdt_guest.h"

/** A node to copy. */
struct fdt_passed {
    const char *path;  /**< full path or alias */
    uint32_t clock_hz; /**< of its clocks whose provider is not copied; 0: these are an error */
};

/**
 * Copy `nodes` (`count` of them) of the checked tree `board` into *guest, which is replaced by a larger blob. On
 * failure *culprit is the index of the node that it is about.
 *
 * Errors, with *error, and *guest as it was: ERR_RANGE: no such node, or the guest has a node of that name.
 * ERR_UNSUPPORTED: a property that cannot be carried over, or a device referred to that is not among `nodes`.
 * ERR_FORMAT: malformed nodes. ERR_SPACE: the tree would be larger than 1 MiB.
 */
ERR_CHECKED enum err fdt_passthrough_copy(struct fdt_blob *guest, const void *board,
                                          const struct fdt_passed *nodes, size_t count, size_t *culprit,
                                          struct fdt_error *error);
