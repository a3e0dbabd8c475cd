/* SPDX-License-Identifier: BSD-2-Clause */
/** The bundled kernel's program as part of an image: loading, checks, its symbols. */
#pragma once

#include "lib/base/err.h"
#include "tool/image/image.h"

/** The kernel's section with the physical address of the system descriptor. */
#define IMAGE_KERNEL_DESCRIPTOR ".sysdesc_address"

/**
 * Load the kernel into `image` and find what sysdesc.h says it has: `ipc_buffers`, `klog` and the section
 * `.sysdesc_address`. Errors, reported: those of elf_program_load(), ERR_FORMAT.
 */
ERR_CHECKED enum err image_kernel_load(struct image *image, const char *path, struct diag *diag);

/** Ask for the kernel's memory, at the addresses it is linked at. */
void image_kernel_lay_out(struct image *image);

/** Store the physical address of the system descriptor in the kernel's `sysdesc_address`. */
ERR_CHECKED enum err image_kernel_set_descriptor(struct image *image, uint64_t address);

/** Where that section is; 0 if the kernel has none. */
uint64_t image_kernel_descriptor(const struct image *image);

/**
 * List EL2's address space: kernel segments, tables (read-only) and the kernel's devices, all one to one.
 * The layout must be solved.
 */
void image_kernel_list_space(struct image *image);

/** Upper bound of the number of tables that image_kernel_list_space() will need. */
size_t image_kernel_table_bound(const struct image *image, uint64_t tables_bytes);
