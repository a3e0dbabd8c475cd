/* SPDX-License-Identifier: BSD-2-Clause */
/** Whether the description of a guest's device tree contradicts itself. Used by fdt_guest.c. */
#pragma once

#include "tool/fdt/fdt_guest.h"

/**
 * Check what fdt_guest_build() promises to check; *error has one sentence if it returns anything but ERR_OK.
 * The first contradiction is reported.
 */
ERR_CHECKED enum err fdt_guest_check(const struct fdt_guest *guest, struct fdt_error *error);
