/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of features: what guests see of each field of the ID registers, and what EL2 does about the rest.
 */
#include "kernel/aarch64/features.h"

#include <stddef.h>

#include "kernel/aarch64/sysreg.h"

#define PFR0_GIC (1ull << 24)
#define FIELD_NONE 0xfu /* "not implemented" of a signed field */

/* How a guest sees a field. */
enum rule {
    LIMIT,     /* the core's value, at most `value` */
    SIGNED,    /* the same; 0xf stands for "not implemented" and stays */
    FIXED,     /* `value`, whatever the core has */
    SVE_LIMIT, /* LIMIT for guests with SVE, else 0 */
};

struct field {
    uint8_t reg; /* enum features_register */
    uint8_t shift;
    uint8_t rule;
    uint8_t value;
};

/* What is passed on. A field that is not here is 0. "Bits of X" means that what the feature adds is in a
   register that is switched as a whole; "plain" that it is instructions without state of their own. */
static const struct field fields[] = {
    /* ID_AA64PFR0_EL1 */
    {FEATURES_PFR0, 0, LIMIT, 2},   /* EL0: AArch32 as well, if the core has it */
    {FEATURES_PFR0, 4, FIXED, 1},   /* EL1: AArch64 only (HCR_EL2.RW). EL2 and EL3: none */
    {FEATURES_PFR0, 16, SIGNED, 1}, /* FP */
    {FEATURES_PFR0, 20, SIGNED, 1}, /* AdvSIMD */
    {FEATURES_PFR0, 32, SVE_LIMIT, 1},
    {FEATURES_PFR0, 48, LIMIT, 1}, /* DIT: PSTATE */
    {FEATURES_PFR0, 56, LIMIT, 1}, /* CSV2, without SCXTNUM */
    {FEATURES_PFR0, 60, LIMIT, 1}, /* CSV3 */
    /* ID_AA64PFR1_EL1 */
    {FEATURES_PFR1, 0, LIMIT, 1}, /* BT: PSTATE, bits of SCTLR_EL1 */
    {FEATURES_PFR1, 4, LIMIT, 2}, /* SSBS: PSTATE */
    /* ID_AA64ZFR0_EL1: all of it plain */
    {FEATURES_ZFR0, 0, SVE_LIMIT, 1},  /* SVEver: SVE2 */
    {FEATURES_ZFR0, 4, SVE_LIMIT, 2},  /* AES */
    {FEATURES_ZFR0, 16, SVE_LIMIT, 1}, /* BitPerm */
    {FEATURES_ZFR0, 20, SVE_LIMIT, 2}, /* BF16 */
    {FEATURES_ZFR0, 32, SVE_LIMIT, 1}, /* SHA3 */
    {FEATURES_ZFR0, 40, SVE_LIMIT, 1}, /* SM4 */
    {FEATURES_ZFR0, 44, SVE_LIMIT, 1}, /* I8MM */
    {FEATURES_ZFR0, 52, SVE_LIMIT, 1}, /* F32MM */
    {FEATURES_ZFR0, 56, SVE_LIMIT, 1}, /* F64MM */
    /* ID_AA64DFR0_EL1 */
    {FEATURES_DFR0, 0, LIMIT, 8},           /* DebugVer: Armv8.2, the last without registers of its own */
    {FEATURES_DFR0, 12, LIMIT, 15},         /* BRPs */
    {FEATURES_DFR0, 20, LIMIT, 15},         /* WRPs */
    {FEATURES_DFR0, 28, LIMIT, 15},         /* CTX_CMPs */
    {FEATURES_DFR0, 36, FIXED, FIELD_NONE}, /* DoubleLock */
    /* ID_AA64ISAR0_EL1: plain */
    {FEATURES_ISAR0, 4, LIMIT, 2},  /* AES */
    {FEATURES_ISAR0, 8, LIMIT, 1},  /* SHA1 */
    {FEATURES_ISAR0, 12, LIMIT, 2}, /* SHA2 */
    {FEATURES_ISAR0, 16, LIMIT, 1}, /* CRC32 */
    {FEATURES_ISAR0, 20, LIMIT, 2}, /* Atomic */
    {FEATURES_ISAR0, 28, LIMIT, 1}, /* RDM */
    {FEATURES_ISAR0, 32, LIMIT, 1}, /* SHA3 */
    {FEATURES_ISAR0, 36, LIMIT, 1}, /* SM3 */
    {FEATURES_ISAR0, 40, LIMIT, 1}, /* SM4 */
    {FEATURES_ISAR0, 44, LIMIT, 1}, /* DP */
    {FEATURES_ISAR0, 48, LIMIT, 1}, /* FHM */
    {FEATURES_ISAR0, 52, LIMIT, 2}, /* TS: flags */
    {FEATURES_ISAR0, 56, LIMIT, 2}, /* TLB: of the VM's own VMID */
    {FEATURES_ISAR0, 60, LIMIT, 1}, /* RNDR */
    /* ID_AA64ISAR1_EL1: plain, except for the keys of PAuth, which are switched */
    {FEATURES_ISAR1, 0, LIMIT, 2},  /* DPB */
    {FEATURES_ISAR1, 4, LIMIT, 5},  /* APA */
    {FEATURES_ISAR1, 8, LIMIT, 5},  /* API */
    {FEATURES_ISAR1, 12, LIMIT, 1}, /* JSCVT */
    {FEATURES_ISAR1, 16, LIMIT, 1}, /* FCMA */
    {FEATURES_ISAR1, 20, LIMIT, 2}, /* LRCPC */
    {FEATURES_ISAR1, 24, LIMIT, 1}, /* GPA */
    {FEATURES_ISAR1, 28, LIMIT, 1}, /* GPI */
    {FEATURES_ISAR1, 32, LIMIT, 1}, /* FRINTTS */
    {FEATURES_ISAR1, 36, LIMIT, 1}, /* SB */
    {FEATURES_ISAR1, 40, LIMIT, 1}, /* SPECRES */
    {FEATURES_ISAR1, 44, LIMIT, 2}, /* BF16: bits of FPCR */
    {FEATURES_ISAR1, 48, LIMIT, 1}, /* DGH */
    {FEATURES_ISAR1, 52, LIMIT, 1}, /* I8MM */
    /* ID_AA64ISAR2_EL1 */
    {FEATURES_ISAR2, 4, LIMIT, 1},  /* RPRES: bits of FPCR */
    {FEATURES_ISAR2, 8, LIMIT, 1},  /* GPA3 */
    {FEATURES_ISAR2, 12, LIMIT, 5}, /* APA3 */
    {FEATURES_ISAR2, 20, LIMIT, 1}, /* BC: plain */
    {FEATURES_ISAR2, 24, LIMIT, 1}, /* PAC_frac */
    {FEATURES_ISAR2, 28, LIMIT, 1}, /* CLRBHB: plain */
    {FEATURES_ISAR2, 52, LIMIT, 1}, /* CSSC: plain */
    /* ID_AA64MMFR0_EL1 */
    {FEATURES_MMFR0, 0, LIMIT, 2},   /* PARange: 40 bits; stage 2 has 39 */
    {FEATURES_MMFR0, 4, LIMIT, 2},   /* ASIDBits */
    {FEATURES_MMFR0, 8, LIMIT, 1},   /* BigEnd: bits of SCTLR_EL1 */
    {FEATURES_MMFR0, 16, LIMIT, 1},  /* BigEndEL0 */
    {FEATURES_MMFR0, 20, LIMIT, 1},  /* TGran16, without LPA2 */
    {FEATURES_MMFR0, 24, SIGNED, 0}, /* TGran64 */
    {FEATURES_MMFR0, 28, SIGNED, 0}, /* TGran4, without LPA2 */
    {FEATURES_MMFR0, 60, LIMIT, 1},  /* ECV: CNTPCTSS, CNTVCTSS */
    /* ID_AA64MMFR1_EL1 */
    {FEATURES_MMFR1, 0, LIMIT, 2},  /* HAFDBS: bits of TCR_EL1 */
    {FEATURES_MMFR1, 12, LIMIT, 2}, /* HPDS: bits of TCR_EL1 */
    {FEATURES_MMFR1, 20, LIMIT, 3}, /* PAN: PSTATE, bits of SCTLR_EL1 */
    {FEATURES_MMFR1, 36, LIMIT, 3}, /* ETS: plain */
    {FEATURES_MMFR1, 44, LIMIT, 1}, /* AFP: bits of FPCR */
    {FEATURES_MMFR1, 48, LIMIT, 1}, /* nTLBPA: plain */
    {FEATURES_MMFR1, 60, LIMIT, 1}, /* ECBHB: plain */
    /* ID_AA64MMFR2_EL1 */
    {FEATURES_MMFR2, 0, LIMIT, 1},  /* CnP: bits of TTBRn_EL1 */
    {FEATURES_MMFR2, 4, LIMIT, 1},  /* UAO: PSTATE */
    {FEATURES_MMFR2, 8, LIMIT, 1},  /* LSM: bits of SCTLR_EL1 */
    {FEATURES_MMFR2, 20, LIMIT, 1}, /* CCIDX: the truth about CCSIDR_EL1 */
    {FEATURES_MMFR2, 28, LIMIT, 1}, /* ST: bits of TCR_EL1 */
    {FEATURES_MMFR2, 32, LIMIT, 1}, /* AT: plain */
    {FEATURES_MMFR2, 36, LIMIT, 2}, /* IDS: the truth about how EL0 reads of ID registers trap */
    {FEATURES_MMFR2, 48, LIMIT, 1}, /* TTL: plain */
    {FEATURES_MMFR2, 52, LIMIT, 2}, /* BBM: plain */
    {FEATURES_MMFR2, 60, LIMIT, 1}, /* E0PD: bits of TCR_EL1 */
};

/* ID registers of AArch32, for programs at EL0 and the kernel that runs them. */
struct aarch32 {
    uint8_t reg;
    uint64_t mask;
};
static const struct aarch32 aarch32[] = {
    {FEATURES_ID(1, 0), 0x000fffff}, /* ID_PFR0: no RAS, DIT, AMU */
    {FEATURES_ID(1, 1), 0x000f00ff}, /* ID_PFR1: no virtualization, no GIC registers */
    {FEATURES_ID(1, 4), 0xffffffff}, /* ID_MMFR0..3 */
    {FEATURES_ID(1, 5), 0xffffffff}, {FEATURES_ID(1, 6), 0xffffffff},
    {FEATURES_ID(1, 7), 0xffffffff}, {FEATURES_ID(2, 0), 0xffffffff}, /* ID_ISAR0..5 */
    {FEATURES_ID(2, 1), 0xffffffff}, {FEATURES_ID(2, 2), 0xffffffff},
    {FEATURES_ID(2, 3), 0xffffffff}, {FEATURES_ID(2, 4), 0xffffffff},
    {FEATURES_ID(2, 5), 0xffffffff}, {FEATURES_ID(2, 6), 0x0fffffff}, /* ID_MMFR4: no EVT */
    {FEATURES_ID(2, 7), 0x0fffffff},                                  /* ID_ISAR6 */
    {FEATURES_ID(3, 0), 0xffffffff},                                  /* MVFR0..2 */
    {FEATURES_ID(3, 1), 0xffffffff}, {FEATURES_ID(3, 2), 0xffffffff},
    {FEATURES_ID(3, 4), 0x000000ff}, /* ID_PFR2: no RAS */
};

/* What a core needs if it has a feature: a way to take it from guests. */
struct need {
    uint8_t reg;
    uint8_t shift;
    uint8_t from;   /* least value with registers of its own */
    uint32_t needs; /* enum features_bit, any of them */
    const char *name;
};
static const struct need needs[] = {
    {FEATURES_PFR1, 36, 1, FEATURES_HCRX, "FEAT_NMI without HCRX_EL2"},
    {FEATURES_PFR1, 44, 1, FEATURES_HCRX, "FEAT_GCS without HCRX_EL2"},
    {FEATURES_PFR1, 48, 1, FEATURES_FGT, "FEAT_THE without fine-grained traps"},
    {FEATURES_PFR2, 32, 1, FEATURES_HCRX, "FEAT_FPMR without HCRX_EL2"},
    {FEATURES_DFR0, 52, 1, FEATURES_FGT, "FEAT_BRBE without fine-grained traps"},
    {FEATURES_DFR0, 0, 11, FEATURES_FGT2, "FEAT_Debugv8p9 without FGT2"},
    {FEATURES_DFR1, 32, 1, FEATURES_FGT2, "FEAT_SPMU without FGT2"},
    {FEATURES_ISAR1, 60, 1, FEATURES_HCRX, "FEAT_LS64 without HCRX_EL2"},
    {FEATURES_ISAR1, 60, 3, FEATURES_FGT, "FEAT_LS64_ACCDATA without fine-grained traps"},
    {FEATURES_ISAR2, 16, 1, FEATURES_HCRX, "FEAT_MOPS without HCRX_EL2"},
    {FEATURES_MMFR3, 0, 1, FEATURES_HCRX, "FEAT_TCR2 without HCRX_EL2"},
    {FEATURES_MMFR3, 4, 1, FEATURES_HCRX, "FEAT_SCTLR2 without HCRX_EL2"},
    {FEATURES_MMFR3, 8, 1, FEATURES_FGT, "FEAT_S1PIE without fine-grained traps"},
    {FEATURES_MMFR3, 16, 1, FEATURES_FGT, "FEAT_S1POE without fine-grained traps"},
    {FEATURES_MMFR3, 24, 1, FEATURES_FGT, "FEAT_AIE without fine-grained traps"},
};

/* Cores that may walk a guest's tables speculatively while VTTBR_EL2 is another's already: MIDR_EL1 without
   variant and revision. Cortex-A55 1530923, A57 1319537, A72 1319367, A76 1165522. */
#define MIDR_PART_MASK 0xff0ffff0ull
static const uint64_t speculative_at[] = {0x410fd050, 0x410fd070, 0x410fd080, 0x410fd0b0};

static uint64_t field(const uint64_t *ids, uint32_t reg, uint32_t shift)
{
    return ids[reg] >> shift & 0xf;
}

static uint64_t apply(const struct field *f, uint64_t value, bool sve)
{
    switch (f->rule) {
    case FIXED:
        return f->value;
    case SIGNED:
        return value == FIELD_NONE || value < f->value ? value : f->value;
    case SVE_LIMIT:
        if (!sve) {
            return 0;
        }
        break;
    default:
        break;
    }
    return value < f->value ? value : f->value;
}

static uint64_t guest_register(const uint64_t *ids, uint32_t reg, bool sve)
{
    uint64_t result = 0;

    for (uint32_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].reg == reg) {
            result |= apply(&fields[i], field(ids, reg, fields[i].shift), sve) << fields[i].shift;
        }
    }
    return result;
}

static void derive_guest(const uint64_t *ids, struct features *features)
{
    for (uint32_t reg = FEATURES_PFR0; reg < FEATURES_ID_COUNT; reg++) {
        features->guest[reg] = guest_register(ids, reg, false);
    }
    features->guest[FEATURES_MIDR] = ids[FEATURES_MIDR];
    features->guest[FEATURES_REVIDR] = ids[FEATURES_REVIDR];
    features->sve_pfr0 = guest_register(ids, FEATURES_PFR0, true);
    features->sve_zfr0 = guest_register(ids, FEATURES_ZFR0, true);
    if ((features->bits & FEATURES_AARCH32) == 0) {
        return;
    }
    for (uint32_t i = 0; i < sizeof(aarch32) / sizeof(aarch32[0]); i++) {
        features->guest[aarch32[i].reg] = ids[aarch32[i].reg] & aarch32[i].mask;
    }
}

/* A feature bit for each field that is not 0. */
static uint32_t find_bits(const uint64_t *ids)
{
    static const struct {
        uint8_t reg, shift, from;
        uint32_t bit;
    } rows[] = {
        {FEATURES_PFR0, 0, 2, FEATURES_AARCH32}, {FEATURES_PFR0, 24, 1, FEATURES_GICV3},
        {FEATURES_PFR0, 28, 1, FEATURES_RAS},    {FEATURES_PFR0, 32, 1, FEATURES_SVE},
        {FEATURES_PFR0, 40, 1, FEATURES_MPAM},   {FEATURES_PFR0, 44, 1, FEATURES_AMU},
        {FEATURES_PFR1, 8, 1, FEATURES_MTE},     {FEATURES_PFR1, 16, 1, FEATURES_MPAM},
        {FEATURES_PFR1, 24, 1, FEATURES_SME},    {FEATURES_PFR1, 36, 1, FEATURES_NMI},
        {FEATURES_DFR0, 8, 1, FEATURES_PMU},     {FEATURES_DFR0, 32, 1, FEATURES_SPE},
        {FEATURES_DFR0, 40, 1, FEATURES_TRF},    {FEATURES_ISAR1, 4, 1, FEATURES_PAUTH},
        {FEATURES_ISAR1, 8, 1, FEATURES_PAUTH},  {FEATURES_ISAR1, 24, 1, FEATURES_PAUTH},
        {FEATURES_ISAR1, 28, 1, FEATURES_PAUTH}, {FEATURES_ISAR2, 8, 1, FEATURES_PAUTH},
        {FEATURES_ISAR2, 12, 1, FEATURES_PAUTH}, {FEATURES_MMFR0, 56, 1, FEATURES_FGT},
        {FEATURES_MMFR0, 56, 2, FEATURES_FGT2},  {FEATURES_MMFR0, 60, 2, FEATURES_CNTPOFF},
        {FEATURES_MMFR1, 16, 1, FEATURES_LOR},   {FEATURES_MMFR1, 40, 1, FEATURES_HCRX},
    };
    uint32_t bits = 0;

    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (field(ids, rows[i].reg, rows[i].shift) >= rows[i].from) {
            bits |= rows[i].bit;
        }
    }
    if (field(ids, FEATURES_DFR0, 8) == FIELD_NONE) {
        bits &= ~(uint32_t)FEATURES_PMU; /* a PMU that isn't the architecture's */
    }
    if ((bits & FEATURES_AMU) != 0 && (bits & FEATURES_FGT) != 0) {
        bits |= FEATURES_AMU_FGT;
    }
    for (uint32_t i = 0; i < sizeof(speculative_at) / sizeof(speculative_at[0]); i++) {
        if ((ids[FEATURES_MIDR] & MIDR_PART_MASK) == speculative_at[i]) {
            bits |= FEATURES_SPECULATIVE_AT;
        }
    }
    return bits;
}

/* Bits of control registers that exist with a feature only are set with it only: elsewhere they are RES0. */
static void derive_controls(const uint64_t *ids, struct features *features)
{
    const uint32_t bits = features->bits;

    features->hcr_guest = HCR_GUEST | ((bits & FEATURES_LOR) != 0 ? HCR_TLOR : 0) |
                          ((bits & FEATURES_RAS) != 0 ? HCR_TERR : 0) |
                          ((bits & FEATURES_PAUTH) != 0 ? HCR_APK | HCR_API : 0) |
                          ((bits & FEATURES_MTE) != 0 ? HCR_TID5 : 0);
    features->cptr = CPTR_EL2_RES1 | CPTR_EL2_TZ | CPTR_EL2_TFP | CPTR_EL2_TSM | CPTR_EL2_TTA |
                     ((bits & FEATURES_AMU) != 0 ? CPTR_EL2_TAM : 0);
    features->mdcr = MDCR_TDRA | MDCR_TDOSA | MDCR_TDA | MDCR_TPM | MDCR_TPMCR |
                     ((bits & FEATURES_SPE) != 0 ? MDCR_TPMS : 0) |
                     ((bits & FEATURES_TRF) != 0 ? MDCR_TTRF : 0);
    features->pa_size = field(ids, FEATURES_MMFR0, 0);
    if (features->pa_size > PA_SIZE_48_BITS) {
        features->pa_size = PA_SIZE_48_BITS; /* more takes FEAT_LPA2 or larger pages */
    }
    features->breakpoint_count = (uint32_t)field(ids, FEATURES_DFR0, 12) + 1;
    features->watchpoint_count = (uint32_t)field(ids, FEATURES_DFR0, 20) + 1;
}

static const char *refuse(const uint64_t *ids, uint32_t bits)
{
    if (field(ids, FEATURES_PFR0, 8) == 0) {
        return "EL2 is not implemented";
    }
    if (field(ids, FEATURES_PFR0, 16) == FIELD_NONE || field(ids, FEATURES_PFR0, 20) == FIELD_NONE) {
        return "FP and SIMD are not implemented";
    }
    if (field(ids, FEATURES_MMFR0, 0) < PA_SIZE_40_BITS) {
        return "physical addresses have less than 40 bits";
    }
    if (field(ids, FEATURES_MMFR0, 28) == FIELD_NONE || field(ids, FEATURES_MMFR0, 40) == 1) {
        return "there are no 4 KiB pages";
    }
    if (field(ids, FEATURES_MMFR4, 24) >= 8) {
        return "EL2 has the VHE format only (ID_AA64MMFR4_EL1.E2H0)";
    }
    for (uint32_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
        if (field(ids, needs[i].reg, needs[i].shift) >= needs[i].from && (bits & needs[i].needs) == 0) {
            return needs[i].name;
        }
    }
    return NULL;
}

const char *features_derive(const uint64_t ids[FEATURES_ID_COUNT], struct features *features)
{
    *features = (struct features){.bits = find_bits(ids)};
    derive_guest(ids, features);
    derive_controls(ids, features);
    return refuse(ids, features->bits);
}

void features_add_gic(struct features *features)
{
    features->guest[FEATURES_PFR0] |= PFR0_GIC;
    features->sve_pfr0 |= PFR0_GIC;
}

uint64_t features_read(const struct features *features, uint32_t index, bool sve)
{
    if (sve && index == FEATURES_PFR0) {
        return features->sve_pfr0;
    }
    if (sve && index == FEATURES_ZFR0) {
        return features->sve_zfr0;
    }
    return features->guest[index];
}
