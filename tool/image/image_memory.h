/* SPDX-License-Identifier: BSD-2-Clause */
/** Where the parts of an image lie in physical memory, and what each PD and VM sees of them. */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"
#include "tool/image/image.h"

/**
 * Lay out everything but the system's tables: firmware, kernel, programs, stacks, memory regions (which get
 * their phys_addr). Errors, all reported: ERR_DENIED (a region over the kernel's devices), ERR_RANGE, and
 * those of layout_solve().
 */
ERR_CHECKED enum err image_memory_lay_out(struct image *image, struct diag *diag);

/** List and check the address space of PD `index`. Errors: those of space_check(), ERR_RANGE. */
ERR_CHECKED enum err image_memory_list_pd(struct image *image, size_t index, struct diag *diag);

/** The same for VM `index`. */
ERR_CHECKED enum err image_memory_list_vm(struct image *image, size_t index, struct diag *diag);
