/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a core's ID registers and writes EL2's controls. A register that comes with a feature is touched only
   where the feature is: elsewhere it is UNDEFINED. */
#include "kernel/aarch64/cpu.h"

#include "kernel/aarch64/sysreg.h"

#define MPAM2_TRAP_MPAM1 (1ull << 48)
#define MPAM2_TRAP_MPAM0 (1ull << 49)
#define MPAMIDR_HAS_HCR (1ull << 17)
#define MPAMHCR_TRAP_MPAMIDR (1ull << 31)
#define PMBIDR_NOT_OURS (1ull << 4)
#define HCRX_TALLINT (1ull << 6)
#define HSTR_T15 (1ull << 15)
#define SVE_LEN_512_BITS 3ull

#define READ_ID(ids, crm, op2) ((ids)[FEATURES_ID(crm, op2)] = SYSREG_READ(s3_0_c0_c##crm##_##op2))
#define READ_ID_ROW(ids, crm)                                                                                \
    do {                                                                                                     \
        READ_ID(ids, crm, 0);                                                                                \
        READ_ID(ids, crm, 1);                                                                                \
        READ_ID(ids, crm, 2);                                                                                \
        READ_ID(ids, crm, 3);                                                                                \
        READ_ID(ids, crm, 4);                                                                                \
        READ_ID(ids, crm, 5);                                                                                \
        READ_ID(ids, crm, 6);                                                                                \
        READ_ID(ids, crm, 7);                                                                                \
    } while (0)

/* All of CRm 1 to 7 can be read, the unallocated ones as zero (Arm ARM D19.1.3). */
static void read_ids(uint64_t ids[FEATURES_ID_COUNT])
{
    for (uint32_t i = 0; i < FEATURES_ID_COUNT; i++) {
        ids[i] = 0;
    }
    READ_ID(ids, 0, 0);
    READ_ID(ids, 0, 6);
    READ_ID_ROW(ids, 1);
    READ_ID_ROW(ids, 2);
    READ_ID_ROW(ids, 3);
    READ_ID_ROW(ids, 4);
    READ_ID_ROW(ids, 5);
    READ_ID_ROW(ids, 6);
    READ_ID_ROW(ids, 7);
}

/* What newer features have is off for EL1 and EL0, or traps, while these are 0; and some of these are unknown
   after reset. */
static void init_fine_grained(uint32_t bits)
{
    if ((bits & FEATURES_HCRX) != 0) {
        SYSREG_WRITE(SYSREG_HCRX_EL2, (bits & FEATURES_NMI) != 0 ? HCRX_TALLINT : 0);
    }
    if ((bits & FEATURES_FGT) != 0) {
        SYSREG_WRITE(SYSREG_HFGRTR_EL2, 0);
        SYSREG_WRITE(SYSREG_HFGWTR_EL2, 0);
        SYSREG_WRITE(SYSREG_HFGITR_EL2, 0);
        SYSREG_WRITE(SYSREG_HDFGRTR_EL2, 0);
        SYSREG_WRITE(SYSREG_HDFGWTR_EL2, 0);
    }
    if ((bits & FEATURES_AMU_FGT) != 0) {
        SYSREG_WRITE(SYSREG_HAFGRTR_EL2, 0);
    }
    if ((bits & FEATURES_FGT2) != 0) {
        SYSREG_WRITE(SYSREG_HFGRTR2_EL2, 0);
        SYSREG_WRITE(SYSREG_HFGWTR2_EL2, 0);
        SYSREG_WRITE(SYSREG_HFGITR2_EL2, 0);
        SYSREG_WRITE(SYSREG_HDFGRTR2_EL2, 0);
        SYSREG_WRITE(SYSREG_HDFGWTR2_EL2, 0);
    }
}

/* Vectors: what firmware may have left on is off, lengths are set; then all is closed. */
static void init_vectors(const struct features *features)
{
    SYSREG_WRITE(cptr_el2, CPTR_EL2_RES1 & ~CPTR_EL2_TSM);
    sysreg_isb();
    if ((features->bits & FEATURES_SME) != 0) {
        __asm__ volatile(".inst 0xd503467f"); /* SMSTOP: neither streaming mode nor ZA */
        SYSREG_WRITE(SYSREG_SMCR_EL2, 0);
        SYSREG_WRITE(SYSREG_TPIDR2_EL0, 0);
    }
    if ((features->bits & FEATURES_SVE) != 0) {
        SYSREG_WRITE(SYSREG_ZCR_EL2, SVE_LEN_512_BITS);
    }
    SYSREG_WRITE(cptr_el2, features->cptr);
    sysreg_isb();
}

static void init_mpam(void)
{
    SYSREG_WRITE(SYSREG_MPAM2_EL2, MPAM2_TRAP_MPAM0 | MPAM2_TRAP_MPAM1);
    if ((SYSREG_READ(SYSREG_MPAMIDR_EL1) & MPAMIDR_HAS_HCR) != 0) {
        SYSREG_WRITE(SYSREG_MPAMHCR_EL2, MPAMHCR_TRAP_MPAMIDR);
    }
}

/* What measures or traces: trapped, and off at EL2. */
static void init_debug(const struct features *features)
{
    uint64_t counters = 0;

    if ((features->bits & FEATURES_PMU) != 0) {
        counters = SYSREG_READ(pmcr_el0) >> 11 & 0x1f;
    }
    SYSREG_WRITE(mdcr_el2, features->mdcr | counters);
    SYSREG_WRITE(mdscr_el1, 0);
    SYSREG_WRITE(oslar_el1,
                 0); /* reset has locked it, and nothing would fire; guests have one of their own */
    if ((features->bits & FEATURES_SPE) != 0 && (SYSREG_READ(SYSREG_PMBIDR_EL1) & PMBIDR_NOT_OURS) == 0) {
        SYSREG_WRITE(SYSREG_PMSCR_EL2, 0);
    }
    if ((features->bits & FEATURES_TRF) != 0) {
        SYSREG_WRITE(SYSREG_TRFCR_EL2, 0);
    }
}

static void init_timers(uint32_t bits)
{
    SYSREG_WRITE(cnthctl_el2, CNTHCTL_GUEST);
    SYSREG_WRITE(cntvoff_el2, 0);
    SYSREG_WRITE(cntv_ctl_el0, 0);
    if ((bits & FEATURES_CNTPOFF) != 0) {
        SYSREG_WRITE(SYSREG_CNTPOFF_EL2, 0);
    }
}

const char *cpu_init(struct core *core)
{
    struct features *features = &core->features;
    uint64_t ids[FEATURES_ID_COUNT];

    read_ids(ids);
    const char *refused = features_derive(ids, features);
    if (refused != NULL) {
        return refused;
    }
    if (core->kernel->desc->board.gic_kind == SYSDESC_GIC_V3) {
        features_add_gic(features);
    }
    SYSREG_WRITE(tpidr_el2, (uintptr_t)core);
    SYSREG_WRITE(hcr_el2, HCR_PD);
    SYSREG_WRITE(vtcr_el2, VTCR_39_BITS | features->pa_size << 16);
    SYSREG_WRITE(hstr_el2, (features->bits & FEATURES_AARCH32) != 0 ? HSTR_T15 : 0);
    SYSREG_WRITE(vpidr_el2, ids[FEATURES_MIDR]);
    SYSREG_WRITE(contextidr_el1, 0);
    SYSREG_WRITE(tcr_el1, TCR_EPD);
    init_fine_grained(features->bits);
    init_vectors(features);
    init_debug(features);
    init_timers(features->bits);
    if ((features->bits & FEATURES_MPAM) != 0) {
        init_mpam();
    }
    if ((features->bits & FEATURES_LOR) != 0) {
        SYSREG_WRITE(SYSREG_LORC_EL1, 0);
    }
    if ((features->bits & FEATURES_RAS) != 0) {
        SYSREG_WRITE(SYSREG_VDISR_EL2, 0);
    }
    __asm__ volatile("tlbi alle1\n dsb ish\n isb" ::: "memory");
    return NULL;
}
