/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/stage2.h"

#include <stdlib.h>

#include "tool/base/mem.h"

#define PAGE_BYTES 0x1000ull
#define LEVELS 3u

/* Descriptor types (Arm ARM D8.3.1). */
#define TYPE_MASK 3ull
#define TYPE_BLOCK 1ull
#define TYPE_TABLE 3ull /* levels 1 and 2 */
#define TYPE_PAGE 3ull  /* level 3 */
#define ADDRESS_MASK 0x0000fffffffff000ull

/* Leaf attributes of both stages. */
#define ATTR_SH_INNER (3ull << 8)
#define ATTR_AF (1ull << 10)
#define ATTR_XN (1ull << 54)

/* Stage 2: MemAttr[3:0] in bits 5..2, S2AP in bits 7..6. */
#define S2_MEMATTR_DEVICE_NGNRE (1ull << 2)
#define S2_MEMATTR_NORMAL_NC (5ull << 2)
#define S2_MEMATTR_NORMAL_WB (15ull << 2)
#define S2AP_READ (1ull << 6)
#define S2AP_WRITE (2ull << 6)

/* Stage 1 of EL2: AttrIndx in bits 4..2; AP[1] is RES1 where there is one privilege level; AP[2] = read-only.
 */
#define S1_ATTRINDX_DEVICE (1ull << 2)
#define S1_AP1 (1ull << 6)
#define S1_AP2_READ_ONLY (1ull << 7)

void stage2_free(struct stage2_pool *pool)
{
    free(pool->tables);
    free(pool->levels);
    *pool = (struct stage2_pool){0};
}

static size_t new_table(struct stage2_pool *pool, unsigned int level)
{
    pool->tables = mem_grow(pool->tables, pool->count, sizeof pool->tables[0]);
    pool->levels = mem_grow(pool->levels, pool->count, sizeof pool->levels[0]);
    pool->levels[pool->count] = (uint8_t)level;
    return pool->count++;
}

size_t stage2_new_root(struct stage2_pool *pool)
{
    return new_table(pool, 1);
}

uint64_t stage2_attributes(unsigned int perms, enum stage2_memory memory)
{
    uint64_t attributes = ATTR_AF | S2AP_READ;

    if (memory == STAGE2_DEVICE) {
        attributes |= S2_MEMATTR_DEVICE_NGNRE;
    } else if (memory == STAGE2_NORMAL_UNCACHED) {
        attributes |= S2_MEMATTR_NORMAL_NC | ATTR_SH_INNER;
    } else {
        attributes |= S2_MEMATTR_NORMAL_WB | ATTR_SH_INNER;
    }
    if ((perms & STAGE2_WRITE) != 0) {
        attributes |= S2AP_WRITE;
    }
    if ((perms & STAGE2_EXECUTE) == 0) {
        attributes |= ATTR_XN;
    }
    return attributes;
}

uint64_t stage2_el2_attributes(unsigned int perms, enum stage2_memory memory)
{
    uint64_t attributes = ATTR_AF | S1_AP1;

    attributes |= memory == STAGE2_DEVICE ? S1_ATTRINDX_DEVICE : ATTR_SH_INNER;
    if ((perms & STAGE2_WRITE) == 0) {
        attributes |= S1_AP2_READ_ONLY;
    }
    if ((perms & STAGE2_EXECUTE) == 0) {
        attributes |= ATTR_XN;
    }
    return attributes;
}

/** Bytes that one entry of a table at `level` (1..3) covers. */
static uint64_t entry_bytes(unsigned int level)
{
    return PAGE_BYTES << (9 * (LEVELS - level));
}

/** Go from *table (at `level`) to the table below its entry `slot`, made if missing; ERR_STATE for a block.
 */
static enum err descend(struct stage2_pool *pool, size_t *table, unsigned int level, size_t slot)
{
    uint64_t entry = pool->tables[*table].entries[slot];
    size_t below;

    if ((entry & TYPE_MASK) == TYPE_BLOCK) {
        return ERR_STATE;
    }
    if (entry != 0) {
        below = (size_t)((entry & ADDRESS_MASK) / STAGE2_TABLE_BYTES);
    } else {
        below = new_table(pool, level + 1);
        pool->tables[*table].entries[slot] = below * STAGE2_TABLE_BYTES | TYPE_TABLE;
    }
    *table = below;
    return ERR_OK;
}

/** Map the largest leaf that fits at `input`; *mapped gets its size. */
static enum err map_leaf(struct stage2_pool *pool, size_t table, uint64_t input, uint64_t output,
                         uint64_t bytes, uint64_t attributes, uint64_t *mapped)
{
    for (unsigned int level = 1; level <= LEVELS; level++) {
        uint64_t size = entry_bytes(level);
        size_t slot = (size_t)(input / size % STAGE2_ENTRIES);
        enum err err;

        if (size <= bytes && (input | output) % size == 0) {
            if (pool->tables[table].entries[slot] != 0) {
                return ERR_STATE;
            }
            pool->tables[table].entries[slot] =
                output | attributes | (level == LEVELS ? TYPE_PAGE : TYPE_BLOCK);
            *mapped = size;
            return ERR_OK;
        }
        err = descend(pool, &table, level, slot);
        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_ALIGN; /* unreachable: whole pages always fit at level 3 */
}

enum err stage2_map(struct stage2_pool *pool, size_t root, uint64_t input, uint64_t output, uint64_t bytes,
                    uint64_t attributes)
{
    uint64_t input_limit = 1ull << STAGE2_INPUT_BITS;
    uint64_t output_limit = 1ull << STAGE2_OUTPUT_BITS;

    if ((input | output | bytes) % PAGE_BYTES != 0) {
        return ERR_ALIGN;
    }
    if (bytes == 0 || bytes > input_limit || input > input_limit - bytes || output > output_limit - bytes) {
        return ERR_RANGE;
    }
    while (bytes > 0) {
        uint64_t mapped = 0;
        enum err err = map_leaf(pool, root, input, output, bytes, attributes, &mapped);

        if (err != ERR_OK) {
            return err;
        }
        input += mapped;
        output += mapped;
        bytes -= mapped;
    }
    return ERR_OK;
}

size_t stage2_table_bound(size_t ranges, uint64_t bytes)
{
    /* Per range: level-2 tables for the gigabytes it touches, and a level-3 table at either ragged end. */
    return 1 + 4 * ranges + (size_t)(bytes / entry_bytes(1));
}

void stage2_place(struct stage2_pool *pool, uint64_t base)
{
    for (size_t i = 0; i < pool->count; i++) {
        for (size_t slot = 0; pool->levels[i] < LEVELS && slot < STAGE2_ENTRIES; slot++) {
            if ((pool->tables[i].entries[slot] & TYPE_MASK) == TYPE_TABLE) {
                pool->tables[i].entries[slot] += base;
            }
        }
    }
}
