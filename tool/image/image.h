/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The bootable image of a system on the bundled kernel: composed in memory from the model and the programs,
 * then written as one ELF file whose segments lie at their final physical addresses
 * (kernel/include/sysdesc.h).
 *
 * Steps: load the programs, lay out physical memory, patch the programs, list each domain's address space,
 * build its translation tables, fill the system descriptor. Nothing is written before all of them succeeded.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/image/layout.h"
#include "tool/image/pd_program.h"
#include "tool/image/space.h"
#include "tool/image/stage2.h"
#include "tool/model/model.h"

struct image_options {
    const char *kernel_path;
    const char *const *search_dirs; /**< where PD programs and prefill files are looked for */
    size_t search_dir_count;
};

/** What the composer knows of a PD. Index n is row n of the system descriptor's PD table. */
struct image_pd {
    const struct model_pd *pd;
    struct pd_program program;
    size_t first_range; /**< in the layout: one range per segment of the program, then the stack */
    struct space space;
    size_t root; /**< index in the pool */
};

/** What the composer knows of a VM. */
struct image_vm {
    const struct model_vm *vm;
    size_t pd;         /**< index of its VMM */
    size_t first_vcpu; /**< row of its first vCPU in the system descriptor */
    struct space space;
    size_t root;
};

struct image {
    struct model *model; /**< not owned */
    struct elf_program kernel;
    uint64_t ipc_buffers; /**< physical addresses of the kernel's shared data */
    uint64_t klog;
    struct image_pd *pds;
    size_t pd_count;
    struct image_vm *vms;
    size_t vm_count;
    struct layout layout;
    size_t kernel_range; /**< first of one layout range per kernel segment */
    size_t tables_range; /**< descriptor, then translation tables */
    size_t *mr_ranges;   /**< per memory region, IMAGE_NO_RANGE for the kernel's log */
    struct stage2_pool pool;
    struct space el2_space;
    size_t el2_root;
    uint8_t *descriptor; /**< struct sysdesc and its tables: at the start of tables_range */
    size_t descriptor_bytes;
    uint64_t pool_base; /**< physical address of pool.tables[0] */
};
#define IMAGE_NO_RANGE SIZE_MAX

/**
 * Compose the image of `model` (whose regions get their phys_addr). All problems are reported; on failure
 * *image is NULL. Errors: those of the parts, and ERR_UNSUPPORTED for a system beyond the kernel's limits.
 */
ERR_CHECKED enum err image_compose(struct model *model, const struct image_options *options,
                                   struct diag *diag, struct image **image);

/** Write the ELF file `path`; it appears whole or not at all. Same image, same bytes. */
ERR_CHECKED enum err image_write(const struct image *image, const char *path, struct diag *diag);

/** Physical address of a table of the pool. */
static inline uint64_t image_table_address(const struct image *image, size_t table)
{
    return image->pool_base + table * STAGE2_TABLE_BYTES;
}

/** Free an image, but not its model. NULL is fine. */
void image_free(struct image *image);
