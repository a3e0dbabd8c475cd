/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a core has and what its guests see of it (docs/kernel.md, "Every core").
 *
 * One rule: a feature whose registers are switched, or that has none, is passed on; every other one is hidden
 * from guests, and a trap or a switch of EL2 takes its registers and instructions. A field of an ID register
 * that is not in the table here reads as "not implemented". A core with a feature that can be neither
 * switched nor taken away is refused at boot.
 *
 * Pure functions over the values of ID registers (Arm ARM DDI 0487 D19.2), so that they are tested on the
 * host; cpu.c reads the registers and writes what follows from them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** ID registers are op0 = 3, op1 = 0, CRn = 0; this is an index by CRm (0..7) and op2. */
#define FEATURES_ID(crm, op2) ((uint32_t)(crm)*8u + (uint32_t)(op2))
#define FEATURES_ID_COUNT 64u

/** Their index by name. */
enum features_register {
    FEATURES_MIDR = FEATURES_ID(0, 0),
    FEATURES_REVIDR = FEATURES_ID(0, 6),
    FEATURES_PFR0 = FEATURES_ID(4, 0),
    FEATURES_PFR1 = FEATURES_ID(4, 1),
    FEATURES_PFR2 = FEATURES_ID(4, 2),
    FEATURES_ZFR0 = FEATURES_ID(4, 4),
    FEATURES_DFR0 = FEATURES_ID(5, 0),
    FEATURES_DFR1 = FEATURES_ID(5, 1),
    FEATURES_ISAR0 = FEATURES_ID(6, 0),
    FEATURES_ISAR1 = FEATURES_ID(6, 1),
    FEATURES_ISAR2 = FEATURES_ID(6, 2),
    FEATURES_MMFR0 = FEATURES_ID(7, 0),
    FEATURES_MMFR1 = FEATURES_ID(7, 1),
    FEATURES_MMFR2 = FEATURES_ID(7, 2),
    FEATURES_MMFR3 = FEATURES_ID(7, 3),
    FEATURES_MMFR4 = FEATURES_ID(7, 4)
};

/** What a core has that EL2 must initialise, switch or take away. */
enum features_bit {
    FEATURES_RAS = 1u << 0,            /**< VDISR_EL2 is switched, error records are trapped */
    FEATURES_SVE = 1u << 1,            /**< switched for a guest that is granted it, else trapped */
    FEATURES_SME = 1u << 2,            /**< trapped; TPIDR2_EL0 is switched */
    FEATURES_AMU = 1u << 3,            /**< trapped */
    FEATURES_MPAM = 1u << 4,           /**< trapped */
    FEATURES_MTE = 1u << 5,            /**< trapped */
    FEATURES_NMI = 1u << 6,            /**< trapped (HCRX_EL2.TALLINT) */
    FEATURES_PAUTH = 1u << 7,          /**< keys are switched */
    FEATURES_LOR = 1u << 8,            /**< trapped */
    FEATURES_HCRX = 1u << 9,           /**< HCRX_EL2 is there */
    FEATURES_FGT = 1u << 10,           /**< HFGRTR_EL2 and its kin are there */
    FEATURES_FGT2 = 1u << 11,          /**< HFGRTR2_EL2 and its kin are there */
    FEATURES_AMU_FGT = 1u << 12,       /**< HAFGRTR_EL2 is there */
    FEATURES_PMU = 1u << 13,           /**< trapped */
    FEATURES_SPE = 1u << 14,           /**< trapped, off */
    FEATURES_TRF = 1u << 15,           /**< trapped, no trace of EL2 */
    FEATURES_CNTPOFF = 1u << 16,       /**< CNTPOFF_EL2 is there, 0 */
    FEATURES_GICV3 = 1u << 17,         /**< the GIC's registers are system registers as well */
    FEATURES_AARCH32 = 1u << 18,       /**< at EL0 */
    FEATURES_SPECULATIVE_AT = 1u << 19 /**< erratum: walks may use registers that are about to change */
};

/** Those that have registers of a vCPU's to switch. */
#define FEATURES_OPTIONAL (FEATURES_PAUTH | FEATURES_RAS | FEATURES_SME)

/** A core, and what follows. */
struct features {
    uint32_t bits;                     /**< enum features_bit */
    uint64_t guest[FEATURES_ID_COUNT]; /**< ID registers as guests see them */
    uint64_t sve_pfr0, sve_zfr0;       /**< and the two that differ for a guest with SVE */
    uint64_t hcr_guest;                /**< HCR_EL2 while a guest runs */
    uint64_t cptr;                     /**< CPTR_EL2 with everything closed */
    uint64_t mdcr;                     /**< MDCR_EL2 without HPMN */
    uint64_t pa_size;                  /**< TCR_EL2.PS and VTCR_EL2.PS */
    uint32_t breakpoint_count;         /**< 2..16 */
    uint32_t watchpoint_count;         /**< 2..16 */
};

/** Work out what follows from the ID registers `ids`. NULL, or the name of what makes the core unusable. */
const char *features_derive(const uint64_t ids[FEATURES_ID_COUNT], struct features *features);

/** Guests have the system registers of a GICv3's CPU interface. */
void features_add_gic(struct features *features);

/** Field at bit `shift` of ID register `index` as guests see it. */
static inline uint64_t features_field(const struct features *features, uint32_t index, uint32_t shift)
{
    return features->guest[index] >> shift & 0xf;
}

/** ID register `index` as a guest with or without SVE reads it. */
uint64_t features_read(const struct features *features, uint32_t index, bool sve);
