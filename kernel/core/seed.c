/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/seed.h"

#include <stdbool.h>
#include <stddef.h>

#define FDT_MAGIC 0xd00dfeedu
#define FDT_HEADER_BYTES 40u
#define FDT_BEGIN_NODE 1u
#define FDT_END_NODE 2u
#define FDT_PROP 3u
#define FDT_NOP 4u

/* A device tree whose header has been checked: every offset below `total` may be read. */
struct tree {
    const uint8_t *base;
    uint32_t total;
    uint32_t strings;
};

/* Volatile: the compiler must neither widen nor merge accesses while memory is of device type. */
static uint8_t byte_at(const struct tree *tree, uint32_t offset)
{
    return offset < tree->total ? *(const volatile uint8_t *)(tree->base + offset) : 0;
}

static uint32_t word_at(const struct tree *tree, uint32_t offset)
{
    return (uint32_t)byte_at(tree, offset) << 24 | (uint32_t)byte_at(tree, offset + 1) << 16 |
           (uint32_t)byte_at(tree, offset + 2) << 8 | byte_at(tree, offset + 3);
}

static bool name_is_rng_seed(const struct tree *tree, uint32_t offset)
{
    static const char wanted[] = "rng-seed";

    for (uint32_t i = 0; i < sizeof wanted; i++) {
        if (byte_at(tree, offset + i) != (uint8_t)wanted[i]) {
            return false;
        }
    }
    return true;
}

static uint32_t align4(uint32_t bytes)
{
    return (bytes + 3u) & ~3u;
}

static uint32_t node_name_bytes(const struct tree *tree, uint32_t offset)
{
    uint32_t bytes = 1;

    while (byte_at(tree, offset + bytes - 1) != 0) {
        bytes++;
    }
    return align4(bytes);
}

uint32_t seed_find(const void *fdt, uint64_t limit_bytes, uint8_t seed[SEED_MAX_BYTES])
{
    struct tree tree = {.base = fdt, .total = FDT_HEADER_BYTES};
    uint32_t at, end;

    if (limit_bytes < FDT_HEADER_BYTES || word_at(&tree, 0) != FDT_MAGIC || word_at(&tree, 4) > limit_bytes) {
        return 0;
    }
    at = word_at(&tree, 8);
    tree.strings = word_at(&tree, 12);
    tree.total = word_at(&tree, 4);
    end = tree.total;
    if (at >= end || tree.strings >= end) {
        return 0;
    }
    /* Each turn moves on by at least a token, so the tree's size bounds the walk. */
    while (at < end) {
        uint32_t token = word_at(&tree, at), bytes = word_at(&tree, at + 4);

        if (token == FDT_BEGIN_NODE) {
            at += 4 + node_name_bytes(&tree, at + 4);
        } else if (token == FDT_PROP) {
            if (bytes > end - at) {
                return 0;
            }
            if (bytes > 0 && name_is_rng_seed(&tree, tree.strings + word_at(&tree, at + 8))) {
                bytes = bytes < SEED_MAX_BYTES ? bytes : SEED_MAX_BYTES;
                for (uint32_t i = 0; i < bytes; i++) {
                    seed[i] = byte_at(&tree, at + 12 + i);
                }
                return bytes;
            }
            at += 12 + align4(bytes);
        } else if (token == FDT_END_NODE || token == FDT_NOP) {
            at += 4;
        } else {
            return 0;
        }
    }
    return 0;
}
