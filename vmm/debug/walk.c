/* SPDX-License-Identifier: BSD-2-Clause */
/* Stage 1 in software, for a debugger. Permissions don't matter: it sees all that is mapped. */
#include "vmm/debug/walk.h"

#include <stdbool.h>

#include "lib/base/mem.h"

#define SCTLR_M (1ull << 0)
#define SCTLR_EE (1ull << 25)
#define TCR_EPD0 (1ull << 7)
#define TCR_EPD1 (1ull << 23)
#define TCR_TBI0 (1ull << 37)
#define TCR_TBI1 (1ull << 38)
#define VA_SELECT (1ull << 55)
#define ADDRESS_MASK 0x0000fffffffff000ull
#define TTBR_MASK 0x0000fffffffffffeull
#define ENTRY_VALID 1ull
#define ENTRY_TABLE 2ull /* at the last level: a page */
#define LAST_LEVEL 3u
#define PAGE_BYTES 4096u
#define MIN_TSZ 16u
#define MAX_TSZ 48u

/* One half of the address space. */
struct half {
    uint64_t table;
    uint32_t page_bits;
    uint32_t va_bits;
};

/* Granules as TCR_EL1.TG0 and TG1 name them; 0: none. */
static const uint8_t granule_0[4] = {12, 16, 14, 0};
static const uint8_t granule_1[4] = {0, 14, 12, 16};

/* Which half an address is in, or false: between them, or in one without tables. */
static bool find_half(const struct walk_regime *regime, uint64_t va, struct half *half)
{
    const uint64_t tcr = regime->tcr;
    const bool is_upper = (va & VA_SELECT) != 0;
    const bool ignores_top = (tcr & (is_upper ? TCR_TBI1 : TCR_TBI0)) != 0;
    const uint32_t tsz = (uint32_t)(is_upper ? tcr >> 16 : tcr) & 0x3f;

    half->page_bits = is_upper ? granule_1[tcr >> 30 & 3] : granule_0[tcr >> 14 & 3];
    half->va_bits = 64 - tsz;
    half->table = is_upper ? regime->ttbr1 : regime->ttbr0;
    if ((tcr & (is_upper ? TCR_EPD1 : TCR_EPD0)) != 0 || half->page_bits == 0 || tsz < MIN_TSZ ||
        tsz > MAX_TSZ || half->va_bits <= half->page_bits) {
        return false;
    }
    const uint64_t top = (ignores_top ? va << 8 >> 8 : va) >> half->va_bits;
    const uint64_t all_ones = (ignores_top ? ~0ull >> 8 : ~0ull) >> half->va_bits;
    return top == (is_upper ? all_ones : 0);
}

static bool read_entry(const struct walk_regime *regime, const struct guestmem *mem, uint64_t gpa,
                       uint64_t *entry)
{
    uint8_t *host;

    if (guestmem_translate(mem, gpa_of(gpa), sizeof(*entry), &host) != ERR_OK) {
        return false;
    }
    mem_copy_once(entry, host, sizeof(*entry));
    *entry = (regime->sctlr & SCTLR_EE) != 0 ? __builtin_bswap64(*entry) : *entry;
    return true;
}

/* Level 1 has blocks with pages of 4 KiB only, level 0 never. */
static bool is_block_level(uint32_t level, uint32_t page_bits)
{
    return level == 2 || (level == 1 && page_bits == 12);
}

static enum err walk(const struct walk_regime *regime, const struct guestmem *mem, const struct half *half,
                     uint64_t va, struct walk_result *result)
{
    const uint32_t level_bits = half->page_bits - 3;
    const uint32_t levels = (half->va_bits - half->page_bits + level_bits - 1) / level_bits;
    uint64_t table = half->table & TTBR_MASK;
    uint32_t top = half->va_bits;
    uint64_t entry;

    for (uint32_t level = LAST_LEVEL + 1 - levels; level <= LAST_LEVEL; level++) {
        const uint32_t low = half->page_bits + level_bits * (LAST_LEVEL - level);
        const uint64_t index = va >> low & ((1ull << (top - low)) - 1);

        /* A table lies at a multiple of its size, so the low bits are others' (CnP among them). */
        if (!read_entry(regime, mem, (table & ~((8ull << (top - low)) - 1)) + 8 * index, &entry) ||
            (entry & ENTRY_VALID) == 0) {
            return ERR_RANGE;
        }
        if (level == LAST_LEVEL || (entry & ENTRY_TABLE) == 0) {
            if (level == LAST_LEVEL ? (entry & ENTRY_TABLE) == 0 : !is_block_level(level, half->page_bits)) {
                return ERR_RANGE;
            }
            const uint64_t inside = va & ((1ull << low) - 1);

            result->gpa = (entry & ADDRESS_MASK & ~((1ull << low) - 1)) | inside;
            result->bytes = (1ull << low) - inside;
            return ERR_OK;
        }
        table = entry & ADDRESS_MASK;
        top = low;
    }
    return ERR_RANGE;
}

enum err walk_translate(const struct walk_regime *regime, const struct guestmem *mem, uint64_t va,
                        struct walk_result *result)
{
    struct half half;

    if ((regime->sctlr & SCTLR_M) == 0) {
        *result = (struct walk_result){.gpa = va, .bytes = PAGE_BYTES - va % PAGE_BYTES};
        return ERR_OK;
    }
    if (!find_half(regime, va, &half)) {
        return ERR_RANGE;
    }
    return walk(regime, mem, &half, va, result);
}
