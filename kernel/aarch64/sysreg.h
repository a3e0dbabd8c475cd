/* SPDX-License-Identifier: BSD-2-Clause */
/** System registers: access and the bits the kernel uses (Arm ARM D13). */
#pragma once

#include <stdint.h>

#define SYSREG_STRING_(name) #name
#define SYSREG_STRING(name) SYSREG_STRING_(name)

#define SYSREG_READ(name)                                                                                    \
    __extension__({                                                                                          \
        uint64_t value_;                                                                                     \
        __asm__ volatile("mrs %0, " SYSREG_STRING(name) : "=r"(value_));                                     \
        value_;                                                                                              \
    })

#define SYSREG_WRITE(name, value) __asm__ volatile("msr " SYSREG_STRING(name) ", %0" ::"r"((uint64_t)(value)))

/** Instruction synchronisation barrier. */
static inline void sysreg_isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

#define ISR_EL1_I (1ull << 7)

#define HCR_VM (1ull << 0)
#define HCR_SWIO (1ull << 1)
#define HCR_PTW (1ull << 2)
#define HCR_FMO (1ull << 3)
#define HCR_IMO (1ull << 4)
#define HCR_AMO (1ull << 5)
#define HCR_FB (1ull << 9)
#define HCR_BSU_INNER (1ull << 10)
#define HCR_DC (1ull << 12)
#define HCR_TWI (1ull << 13)
#define HCR_TWE (1ull << 14)
#define HCR_TID1 (1ull << 16)
#define HCR_TID3 (1ull << 18)
#define HCR_TSC (1ull << 19)
#define HCR_TIDCP (1ull << 20)
#define HCR_TACR (1ull << 21)
#define HCR_TGE (1ull << 27)
#define HCR_RW (1ull << 31)
#define HCR_TLOR (1ull << 35)
#define HCR_TERR (1ull << 36)
#define HCR_APK (1ull << 40)
#define HCR_API (1ull << 41)
#define HCR_TID5 (1ull << 58)

/** A native PD: EL0 under stage 2 alone, its exceptions straight to EL2, memory cacheable by default. */
#define HCR_PD (HCR_VM | HCR_SWIO | HCR_FMO | HCR_IMO | HCR_AMO | HCR_DC | HCR_TGE | HCR_RW)
/** A guest: its own stage 1 under stage 2; WFI, SMC, ID registers, ACTLR and IMPLEMENTATION DEFINED registers
 * trap. features.c adds what goes with the core's features. */
#define HCR_GUEST                                                                                            \
    (HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_INNER | HCR_TWI |          \
     HCR_TID1 | HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_RW)

#define SCTLR_EL1_RES1 0x30d00800ull
#define SCTLR_EL1_M (1ull << 0)
#define SCTLR_EL1_SA0 (1ull << 4)
#define SCTLR_EL1_DZE (1ull << 14)
#define SCTLR_EL1_UCT (1ull << 15)
#define SCTLR_EL1_NTWI (1ull << 16)
#define SCTLR_EL1_NTWE (1ull << 18)
#define SCTLR_EL1_UCI (1ull << 26)
/** PDs may do cache maintenance by address, DC ZVA and read CTR_EL0. */
#define SCTLR_PD                                                                                             \
    (SCTLR_EL1_RES1 | SCTLR_EL1_SA0 | SCTLR_EL1_DZE | SCTLR_EL1_UCT | SCTLR_EL1_NTWI | SCTLR_EL1_NTWE |      \
     SCTLR_EL1_UCI)

#define SCTLR_EL2_RES1 0x30c50830ull
#define SCTLR_EL2_M (1ull << 0)
#define SCTLR_EL2_C (1ull << 2)
#define SCTLR_EL2_SA (1ull << 3)
#define SCTLR_EL2_I (1ull << 12)
#define SCTLR_EL2_WXN (1ull << 19)

/** TCR_EL1: no walks of TTBR0 and TTBR1. */
#define TCR_EPD (1ull << 7 | 1ull << 23)

#define CPACR_FPEN_ALL (3ull << 20)
/** CNTKCTL_EL1 of PDs: EL0 reads CNTPCT and CNTVCT. */
#define CNTKCTL_PD 3ull
/** CNTHCTL_EL2: EL1 and EL0 read CNTPCT, but have no physical timer. */
#define CNTHCTL_GUEST 1ull

#define CPTR_EL2_RES1 0x32ffull
#define CPTR_EL2_TZ (1ull << 8)
#define CPTR_EL2_TFP (1ull << 10)
#define CPTR_EL2_TSM (1ull << 12)
#define CPTR_EL2_TTA (1ull << 20)
#define CPTR_EL2_TAM (1ull << 30)

#define MDCR_TPMCR (1ull << 5)
#define MDCR_TPM (1ull << 6)
#define MDCR_TDE (1ull << 8)
#define MDCR_TDA (1ull << 9)
#define MDCR_TDOSA (1ull << 10)
#define MDCR_TDRA (1ull << 11)
#define MDCR_TPMS (1ull << 14)
#define MDCR_TTRF (1ull << 19)

#define CNT_CTL_ENABLE 1ull
#define CNT_CTL_IMASK 2ull
#define CNT_CTL_ISTATUS 4ull

#define PSTATE_EL0 0x0ull
#define PSTATE_EL1H 0x5ull
#define PSTATE_MODE_MASK 0x1full
#define PSTATE_DAIF 0x3c0ull

#define VTTBR_VMID_SHIFT 48

/** VTCR_EL2: 39-bit addresses from level 1 (as every PARange has it), write-back tables; without PS. */
#define VTCR_39_BITS                                                                                         \
    (1ull << 31 | 3ull << 12 /* inner shareable */ | 1ull << 10 | 1ull << 8 /* write-back */ |               \
     1ull << 6 /* from level 1 */ | 25ull /* T0SZ */)

/** Sizes of physical addresses (ID_AA64MMFR0_EL1.PARange, TCR_EL2.PS, VTCR_EL2.PS). */
#define PA_SIZE_40_BITS 2u
#define PA_SIZE_48_BITS 5u

/* Registers that an assembler for Armv8.0 does not know (Arm ARM D19). */
#define SYSREG_VDISR_EL2 s3_4_c12_c1_1
#define SYSREG_HCRX_EL2 s3_4_c1_c2_2
#define SYSREG_HFGRTR_EL2 s3_4_c1_c1_4
#define SYSREG_HFGWTR_EL2 s3_4_c1_c1_5
#define SYSREG_HFGITR_EL2 s3_4_c1_c1_6
#define SYSREG_HDFGRTR_EL2 s3_4_c3_c1_4
#define SYSREG_HDFGWTR_EL2 s3_4_c3_c1_5
#define SYSREG_HAFGRTR_EL2 s3_4_c3_c1_6
#define SYSREG_HDFGRTR2_EL2 s3_4_c3_c1_0
#define SYSREG_HDFGWTR2_EL2 s3_4_c3_c1_1
#define SYSREG_HFGRTR2_EL2 s3_4_c3_c1_2
#define SYSREG_HFGWTR2_EL2 s3_4_c3_c1_3
#define SYSREG_HFGITR2_EL2 s3_4_c3_c1_7
#define SYSREG_MPAM2_EL2 s3_4_c10_c5_0
#define SYSREG_MPAMHCR_EL2 s3_4_c10_c4_0
#define SYSREG_MPAMIDR_EL1 s3_0_c10_c4_4
#define SYSREG_PMBIDR_EL1 s3_0_c9_c10_7
#define SYSREG_PMSCR_EL2 s3_4_c9_c9_0
#define SYSREG_TRFCR_EL2 s3_4_c1_c2_1
#define SYSREG_LORC_EL1 s3_0_c10_c4_3
#define SYSREG_CNTPOFF_EL2 s3_4_c14_c0_6
#define SYSREG_ICC_SRE_EL2 s3_4_c12_c9_5
#define SYSREG_ZCR_EL2 s3_4_c1_c2_0
#define SYSREG_ZCR_EL1 s3_0_c1_c2_0
#define SYSREG_SMCR_EL2 s3_4_c1_c2_6
#define SYSREG_APIAKEYLO_EL1 s3_0_c2_c1_0
#define SYSREG_APIAKEYHI_EL1 s3_0_c2_c1_1
#define SYSREG_APIBKEYLO_EL1 s3_0_c2_c1_2
#define SYSREG_APIBKEYHI_EL1 s3_0_c2_c1_3
#define SYSREG_APDAKEYLO_EL1 s3_0_c2_c2_0
#define SYSREG_APDAKEYHI_EL1 s3_0_c2_c2_1
#define SYSREG_APDBKEYLO_EL1 s3_0_c2_c2_2
#define SYSREG_APDBKEYHI_EL1 s3_0_c2_c2_3
#define SYSREG_APGAKEYLO_EL1 s3_0_c2_c3_0
#define SYSREG_APGAKEYHI_EL1 s3_0_c2_c3_1
#define SYSREG_TPIDR2_EL0 s3_3_c13_c0_5
