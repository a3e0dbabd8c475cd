/* SPDX-License-Identifier: BSD-2-Clause */
/** The hostile guest's own stage-1 translation: everything one to one, and one window for attacks. */
#pragma once

#include <stdint.h>

/** A 2 MiB window that mmu_attack_map() points somewhere bad. */
#define MMU_ATTACK_ADDRESS 0x7f00000000ull

enum mmu_attack {
    MMU_ATTACK_TABLE_OUTSIDE = 0, /**< a level-2 table outside RAM */
    MMU_ATTACK_TABLE_IN_GIC,      /**< a level-2 table in device registers */
    MMU_ATTACK_TABLE_SELF,        /**< the level-1 table as its own level-2 table */
    MMU_ATTACK_PAGE_IN_GIC,       /**< normal memory over device registers */
    MMU_ATTACK_PAGE_BEYOND_IPA,   /**< an output address above the IPA space */
    MMU_ATTACK_PAGE_IN_KERNEL     /**< where the hypervisor lies physically */
};

/** Switch translation and caches on: 512 GiB one to one, the gigabyte with RAM as normal memory. */
void mmu_enable(void);
/** The same tables for another CPU. */
void mmu_join(void);

/** Another address of a register below 64 GiB, as normal memory: unaligned accesses are not the processor's
 * to refuse. */
uint64_t mmu_normal(uint64_t address);

/** Point the window somewhere (enum mmu_attack), or nowhere again. */
void mmu_attack_map(uint64_t kind);
void mmu_attack_unmap(void);
