/* SPDX-License-Identifier: BSD-2-Clause */
/** Sets of virtual interrupts whose most urgent member is found without a search. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** INTIDs of a GICv2. */
#define VIRQ_COUNT 1020u
/** Bits of 64 interrupts each. */
#define VIRQ_WORDS ((VIRQ_COUNT + 63u) / 64u)
/** What an LR's priority field tells apart. */
#define VIRQ_PRIORITIES 32u
/** Bits of a priority that an LR's field lacks. */
#define VIRQ_PRIORITY_SHIFT 3u

_Static_assert(VIRQ_WORDS % 4 == 0, "virq_set_clear_row() takes four words a turn");

/**
 * A set of interrupts, by priority. Its most urgent member is found without a search, however many there are:
 * a guest can make all of them pending, or active.
 */
struct virq_set {
    uint32_t priorities; /**< bit p: rows[p] has any */
    struct virq_row {
        uint64_t bits[VIRQ_WORDS];
        uint64_t words; /**< bit n: bits[n] is not 0 */
    } rows[VIRQ_PRIORITIES];
};

/** The bit of `intid` in its word. */
static inline uint64_t virq_set_mask(uint32_t intid)
{
    return 1ull << (intid % 64);
}

/** Is `intid`, of `priority`, in the set? */
static inline bool virq_set_has(const struct virq_set *set, uint32_t intid, uint8_t priority)
{
    return (set->rows[priority >> VIRQ_PRIORITY_SHIFT].bits[intid / 64] & virq_set_mask(intid)) != 0;
}

/** Put it in. */
static inline void virq_set_add(struct virq_set *set, uint32_t intid, uint8_t priority)
{
    struct virq_row *row = &set->rows[priority >> VIRQ_PRIORITY_SHIFT];

    row->bits[intid / 64] |= virq_set_mask(intid);
    row->words |= 1ull << (intid / 64);
    set->priorities |= 1u << (priority >> VIRQ_PRIORITY_SHIFT);
}

/** Take it out, if it is in. */
static inline void virq_set_remove(struct virq_set *set, uint32_t intid, uint8_t priority)
{
    struct virq_row *row = &set->rows[priority >> VIRQ_PRIORITY_SHIFT];

    if ((row->bits[intid / 64] & virq_set_mask(intid)) == 0) {
        return;
    }
    row->bits[intid / 64] &= ~virq_set_mask(intid);
    if (row->bits[intid / 64] != 0) {
        return;
    }
    row->words &= ~(1ull << (intid / 64));
    if (row->words == 0) {
        set->priorities &= ~(1u << (priority >> VIRQ_PRIORITY_SHIFT));
    }
}

/** The most urgent member: lowest priority value, then lowest INTID. Not of an empty set. */
static inline uint32_t virq_set_first(const struct virq_set *set)
{
    const struct virq_row *row = &set->rows[__builtin_ctz(set->priorities)];
    const uint32_t word = (uint32_t)__builtin_ctzll(row->words);

    return word * 64 + (uint32_t)__builtin_ctzll(row->bits[word]);
}

/** Empty one row. Four words a turn: pairs of stores, where gcc would call memset() for a plain loop. */
static inline void virq_set_clear_row(struct virq_row *row)
{
    for (uint32_t i = 0; i < VIRQ_WORDS; i += 4) {
        row->bits[i] = 0;
        row->bits[i + 1] = 0;
        row->bits[i + 2] = 0;
        row->bits[i + 3] = 0;
    }
    row->words = 0;
}

/** Empty the set. */
static inline void virq_set_clear(struct virq_set *set)
{
    for (; set->priorities != 0; set->priorities &= set->priorities - 1) {
        virq_set_clear_row(&set->rows[__builtin_ctz(set->priorities)]);
    }
}
