/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Translation tables as data: stage 2 of PDs and VMs, and EL2's own stage 1.
 *
 * Both have the same shape here: 39-bit input addresses, start at level 1 with one table of 512 entries, 4
 * KiB granule (Arm ARM D8.2). Leaves are 1 GiB and 2 MiB blocks where input and output address are aligned
 * alike, else 4 KiB pages. Tables are built in a pool before it has a physical address: until stage2_place()
 * a table descriptor holds the index of its table.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define STAGE2_ENTRIES 512u
#define STAGE2_TABLE_BYTES 0x1000ull
#define STAGE2_INPUT_BITS 39u
#define STAGE2_OUTPUT_BITS 48u

/** What a leaf maps and how. */
enum stage2_perms { STAGE2_READ = 1, STAGE2_WRITE = 2, STAGE2_EXECUTE = 4 }; /* as enum model_perms */
enum stage2_memory { STAGE2_NORMAL, STAGE2_NORMAL_UNCACHED, STAGE2_DEVICE };

/** One table as the MMU reads it. */
struct stage2_table {
    uint64_t entries[STAGE2_ENTRIES];
};

/** All tables of an image, in order of creation. Zero-initialised: an empty pool. */
struct stage2_pool {
    struct stage2_table *tables;
    uint8_t *levels; /**< of each table: 1..3 */
    size_t count;
};

/** Free all tables; the pool is empty then. */
void stage2_free(struct stage2_pool *pool);

/** A new empty level-1 table; returns its index. */
size_t stage2_new_root(struct stage2_pool *pool);

/**
 * Attribute bits of a stage-2 leaf (Arm ARM D8.3.2, D8.6): Normal write-back inner-shareable, Normal
 * non-cacheable or Device-nGnRE; read is always granted; the access flag is set.
 */
uint64_t stage2_attributes(unsigned int perms, enum stage2_memory memory);

/**
 * Attribute bits of an EL2 stage-1 leaf: attribute index 0 is Normal write-back, 1 Device-nGnRE (sysdesc.h);
 * `memory` is not STAGE2_NORMAL_UNCACHED.
 */
uint64_t stage2_el2_attributes(unsigned int perms, enum stage2_memory memory);

/**
 * Map [input, input + bytes) to [output, output + bytes) in the tables below `root`.
 * Errors: ERR_ALIGN (not whole pages), ERR_RANGE (empty, or beyond the input or output address size),
 * ERR_STATE (something is mapped there already; what was mapped before it stays).
 */
ERR_CHECKED enum err stage2_map(struct stage2_pool *pool, size_t root, uint64_t input, uint64_t output,
                                uint64_t bytes, uint64_t attributes);

/** Upper bound of tables that mapping `ranges` ranges of together `bytes` bytes one to one can take. */
size_t stage2_table_bound(size_t ranges, uint64_t bytes);

/** Give the pool its physical address (page-aligned): table n lies at base + n * STAGE2_TABLE_BYTES. */
void stage2_place(struct stage2_pool *pool, uint64_t base);
