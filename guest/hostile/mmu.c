/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/mmu.h"

#include "guest/hostile/hostile.h"

#define GIB (1ull << 30)
#define ENTRY_BLOCK 0x401ull /* valid block, access flag */
#define ENTRY_TABLE 0x3ull
#define ENTRY_NORMAL (1ull << 2 | 3ull << 8) /* attribute 1, inner-shareable */

/* Where the second mapping of low addresses begins, in gigabytes, and how much it has. */
#define NORMAL_FIRST 400u
#define NORMAL_COUNT 64u

static uint64_t level1[512] __attribute__((aligned(4096)));
static uint64_t level2[512] __attribute__((aligned(4096)));

static void invalidate(void)
{
    __asm__ volatile("dsb sy\n\ttlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}

void mmu_enable(void)
{
    for (uint64_t i = 0; i < 512; i++) {
        level1[i] = i * GIB | ENTRY_BLOCK;
    }
    for (uint64_t i = 0; i < NORMAL_COUNT; i++) {
        level1[NORMAL_FIRST + i] = i * GIB | ENTRY_BLOCK | ENTRY_NORMAL;
    }
    /* The gigabyte this program runs in is RAM. */
    level1[(uintptr_t)level1 / GIB] |= ENTRY_NORMAL;
    mmu_join();
}

void mmu_join(void)
{
    uint64_t control;

    /* Attribute 0: Device-nGnRnE; 1: normal write-back. 39-bit addresses, 4 KiB granule, 40-bit output. */
    __asm__ volatile("msr mair_el1, %0" ::"r"(0xff00ull));
    __asm__ volatile(
        "msr tcr_el1, %0" ::"r"(25ull | 1ull << 8 | 1ull << 10 | 3ull << 12 | 1ull << 23 | 2ull << 32));
    __asm__ volatile("msr ttbr0_el1, %0" ::"r"(level1));
    invalidate();
    __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
    control |= 1ull << 0 | 1ull << 2 | 1ull << 12;
    __asm__ volatile("msr sctlr_el1, %0\n\tisb" ::"r"(control) : "memory");
}

uint64_t mmu_normal(uint64_t address)
{
    return address + NORMAL_FIRST * GIB;
}

void mmu_attack_map(uint64_t kind)
{
    uint64_t *entry = &level1[MMU_ATTACK_ADDRESS / GIB];

    *entry = (uint64_t)(uintptr_t)level2 | ENTRY_TABLE;
    switch (kind) {
    case MMU_ATTACK_TABLE_OUTSIDE:
        *entry = (machine.ram_base + machine.ram_bytes) | ENTRY_TABLE;
        break;
    case MMU_ATTACK_TABLE_IN_GIC:
        *entry = machine.gicd | ENTRY_TABLE;
        break;
    case MMU_ATTACK_TABLE_SELF:
        *entry = (uint64_t)(uintptr_t)level1 | ENTRY_TABLE;
        break;
    case MMU_ATTACK_PAGE_IN_GIC:
        level2[0] = (machine.gicd & ~0x1fffffull) | ENTRY_BLOCK | ENTRY_NORMAL;
        break;
    case MMU_ATTACK_PAGE_BEYOND_IPA:
        level2[0] = 0xff0000000000ull | ENTRY_BLOCK | ENTRY_NORMAL;
        break;
    default:
        level2[0] = 0x200000 | ENTRY_BLOCK | ENTRY_NORMAL;
        break;
    }
    invalidate();
}

void mmu_attack_unmap(void)
{
    level1[MMU_ATTACK_ADDRESS / GIB] = 0;
    invalidate();
}
