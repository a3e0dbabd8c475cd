/* SPDX-License-Identifier: BSD-2-Clause */
/* What guests see of a core, and what EL2 does about what they don't: the tables of features and system
 * registers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/aarch64/features.h"
#include "kernel/aarch64/sysreg.h"
#include "kernel/aarch64/sysreg_table.h"

/* The least that a core has: EL0 to EL2, FP, SIMD, 40-bit addresses. Registers with nothing in them. */
static void fill_minimal(uint64_t ids[FEATURES_ID_COUNT])
{
    memset(ids, 0, FEATURES_ID_COUNT * sizeof(ids[0]));
    ids[FEATURES_PFR0] = 0x0111;
    ids[FEATURES_MMFR0] = 2;
    ids[FEATURES_DFR0] = 0x10305006;
}

/* A core that has everything, in every field. */
static void fill_everything(uint64_t ids[FEATURES_ID_COUNT])
{
    memset(ids, 0x77, FEATURES_ID_COUNT * sizeof(ids[0]));
    ids[FEATURES_MMFR0] = 0x7777777777777767;
    ids[FEATURES_MMFR4] = 0;
    ids[FEATURES_MIDR] = 0x410fd034;
}

static void test_minimal_core_is_seen_as_it_is(void **state)
{
    uint64_t ids[FEATURES_ID_COUNT];
    struct features features;

    (void)state;
    fill_minimal(ids);
    assert_null(features_derive(ids, &features));
    assert_int_equal(features.bits, 0);
    assert_int_equal(features_read(&features, FEATURES_PFR0, false), 0x0011); /* no EL2 */
    assert_int_equal(features_read(&features, FEATURES_MMFR0, false), 2);
    assert_true(features_read(&features, FEATURES_DFR0, false) == 0xf010305006);
    assert_int_equal(features.breakpoint_count, 6);
    assert_int_equal(features.watchpoint_count, 4);
    assert_int_equal(features.hcr_guest, HCR_GUEST);
    assert_int_equal(features.pa_size, 2);
}

/* No field of any register says more than the table grants. */
static void test_everything_is_cut_to_the_table(void **state)
{
    uint64_t ids[FEATURES_ID_COUNT];
    struct features features;

    (void)state;
    fill_everything(ids);
    assert_null(features_derive(ids, &features));
    assert_true(features_read(&features, FEATURES_PFR0, false) == 0x1101000000110012);
    assert_true(features_read(&features, FEATURES_PFR0, true) == 0x1101000100110012);
    assert_int_equal(features_read(&features, FEATURES_ZFR0, false), 0);
    assert_true(features_read(&features, FEATURES_ZFR0, true) == 0x0110110100210021);
    assert_int_equal(features_read(&features, FEATURES_PFR1, false), 0x21);
    assert_int_equal(features_read(&features, FEATURES_PFR2, false), 0);
    assert_true(features_read(&features, FEATURES_DFR0, false) == 0xf070707007);
    assert_int_equal(features_read(&features, FEATURES_DFR1, false), 0);
    assert_true(features_read(&features, FEATURES_MMFR0, false) == 0x1000000000110122);
    assert_int_equal(features_read(&features, FEATURES_MMFR3, false), 0);
    assert_int_equal(features_read(&features, FEATURES_MMFR4, false), 0);
    for (uint32_t i = FEATURES_PFR0; i < FEATURES_ID_COUNT; i++) {
        const uint64_t seen = features_read(&features, i, true);

        for (uint32_t shift = 0; shift < 64; shift += 4) {
            const uint64_t value = seen >> shift & 0xf;
            const int is_double_lock = i == FEATURES_DFR0 && shift == 36;

            assert_true(value <= 7 || is_double_lock || (i == FEATURES_DFR0 && shift == 0));
        }
    }
}

static void test_signed_fields_stay_unimplemented(void **state)
{
    uint64_t ids[FEATURES_ID_COUNT];
    struct features features;

    (void)state;
    fill_minimal(ids);
    ids[FEATURES_MMFR0] |= 0xfull << 24; /* no 64 KiB pages */
    assert_null(features_derive(ids, &features));
    assert_int_equal(features_read(&features, FEATURES_MMFR0, false), 0x0f000002);
}

static void test_hidden_features_are_trapped(void **state)
{
    static const struct {
        uint32_t reg, shift, bit;
        uint64_t hcr, cptr, mdcr;
    } cases[] = {
        {FEATURES_PFR0, 28, FEATURES_RAS, HCR_TERR, 0, 0},
        {FEATURES_PFR0, 32, FEATURES_SVE, 0, 0, 0}, /* bits that trap it are set on every core */
        {FEATURES_PFR0, 40, FEATURES_MPAM, 0, 0, 0},
        {FEATURES_PFR0, 44, FEATURES_AMU, 0, CPTR_EL2_TAM, 0},
        {FEATURES_PFR1, 8, FEATURES_MTE, HCR_TID5, 0, 0},
        {FEATURES_PFR1, 24, FEATURES_SME, 0, 0, 0},
        {FEATURES_DFR0, 8, FEATURES_PMU, 0, 0, 0},
        {FEATURES_DFR0, 32, FEATURES_SPE, 0, 0, MDCR_TPMS},
        {FEATURES_DFR0, 40, FEATURES_TRF, 0, 0, MDCR_TTRF},
        {FEATURES_ISAR1, 4, FEATURES_PAUTH, HCR_API | HCR_APK, 0, 0},
        {FEATURES_ISAR2, 12, FEATURES_PAUTH, HCR_API | HCR_APK, 0, 0},
        {FEATURES_MMFR1, 16, FEATURES_LOR, HCR_TLOR, 0, 0},
        {FEATURES_MMFR0, 56, FEATURES_FGT, 0, 0, 0},
        {FEATURES_MMFR1, 40, FEATURES_HCRX, 0, 0, 0},
        {FEATURES_PFR0, 24, FEATURES_GICV3, 0, 0, 0},
    };
    struct features plain, features;
    uint64_t ids[FEATURES_ID_COUNT];

    (void)state;
    fill_minimal(ids);
    assert_null(features_derive(ids, &plain));
    assert_int_equal(plain.cptr & (CPTR_EL2_TZ | CPTR_EL2_TSM | CPTR_EL2_TFP | CPTR_EL2_TTA),
                     CPTR_EL2_TZ | CPTR_EL2_TSM | CPTR_EL2_TFP | CPTR_EL2_TTA);
    assert_int_equal(plain.mdcr, MDCR_TDRA | MDCR_TDOSA | MDCR_TDA | MDCR_TPM | MDCR_TPMCR);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill_minimal(ids);
        ids[cases[i].reg] |= 1ull << cases[i].shift;
        assert_null(features_derive(ids, &features));
        assert_int_equal(features.bits, cases[i].bit);
        assert_true(features.hcr_guest == (plain.hcr_guest | cases[i].hcr));
        assert_true(features.cptr == (plain.cptr | cases[i].cptr));
        assert_true(features.mdcr == (plain.mdcr | cases[i].mdcr));
    }
}

static void test_unusable_cores_are_refused_by_name(void **state)
{
    static const struct {
        uint32_t reg, shift;
        uint64_t value;
        const char *says;
    } cases[] = {
        {FEATURES_PFR0, 8, 0, "EL2"},         {FEATURES_PFR0, 16, 0xf, "FP"},
        {FEATURES_MMFR0, 0, 1, "40 bits"},    {FEATURES_MMFR0, 28, 0xf, "4 KiB"},
        {FEATURES_MMFR4, 24, 0xf, "E2H0"},    {FEATURES_DFR0, 52, 1, "FEAT_BRBE"},
        {FEATURES_ISAR1, 60, 1, "FEAT_LS64"}, {FEATURES_MMFR3, 8, 1, "FEAT_S1PIE"},
        {FEATURES_PFR1, 44, 1, "FEAT_GCS"},
    };
    struct features features;
    uint64_t ids[FEATURES_ID_COUNT];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill_minimal(ids);
        ids[cases[i].reg] &= ~(0xfull << cases[i].shift);
        ids[cases[i].reg] |= cases[i].value << cases[i].shift;
        const char *refused = features_derive(ids, &features);
        assert_non_null(refused);
        assert_non_null(strstr(refused, cases[i].says));
    }
    /* With the means to take it away it is accepted. */
    fill_minimal(ids);
    ids[FEATURES_DFR0] |= 1ull << 52;
    ids[FEATURES_MMFR0] |= 1ull << 56;
    assert_null(features_derive(ids, &features));
}

static void test_cores_with_the_erratum_are_known(void **state)
{
    static const struct {
        uint64_t midr;
        uint32_t bit;
    } cases[] = {
        {0x410fd034, 0},                       /* Cortex-A53 */
        {0x412fd050, FEATURES_SPECULATIVE_AT}, /* Cortex-A55 r2p0 */
        {0x411fd070, FEATURES_SPECULATIVE_AT}, /* Cortex-A57 r1p0 */
        {0x410fd083, FEATURES_SPECULATIVE_AT}, /* Cortex-A72 r0p3 */
        {0x414fd0b1, FEATURES_SPECULATIVE_AT}, /* Cortex-A76 r4p1 */
        {0x414fd0c1, 0},                       /* Neoverse N1 */
        {0x420fd070, 0},                       /* somebody else's */
    };
    struct features features;
    uint64_t ids[FEATURES_ID_COUNT];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fill_minimal(ids);
        ids[FEATURES_MIDR] = cases[i].midr;
        assert_null(features_derive(ids, &features));
        assert_int_equal(features.bits, cases[i].bit);
    }
}

static void test_aarch32_is_seen_where_it_runs(void **state)
{
    struct features features;
    uint64_t ids[FEATURES_ID_COUNT];

    (void)state;
    fill_minimal(ids);
    ids[FEATURES_ID(2, 0)] = 0x02101110;
    ids[FEATURES_ID(1, 2)] = 0x03010066; /* ID_DFR0: not in the table */
    assert_null(features_derive(ids, &features));
    assert_int_equal(features_read(&features, FEATURES_ID(2, 0), false), 0);
    ids[FEATURES_PFR0] |= 2;
    ids[FEATURES_PFR0] &= ~1ull;
    assert_null(features_derive(ids, &features));
    assert_int_equal(features_read(&features, FEATURES_ID(2, 0), false), 0x02101110);
    assert_int_equal(features_read(&features, FEATURES_ID(1, 2), false), 0);
}

static uint64_t sysreg_esr(uint64_t op0, uint64_t op1, uint64_t crn, uint64_t crm, uint64_t op2, bool is_read)
{
    return 0x18ull << 26 | 1ull << 25 | op0 << 20 | op2 << 17 | op1 << 14 | crn << 10 | 5 << 5 | crm << 1 |
           is_read;
}

static void test_registers_are_found(void **state)
{
    static const struct {
        uint8_t op0, op1, crn, crm, op2;
        bool is_read;
        enum sysreg_action action;
        uint32_t index;
    } cases[] = {
        {3, 0, 0, 4, 0, true, SYSREG_ID, FEATURES_PFR0},
        {3, 0, 0, 7, 7, true, SYSREG_ID, FEATURES_ID(7, 7)},
        {3, 0, 0, 4, 0, false, SYSREG_UNDEF, 0},
        {3, 0, 0, 0, 6, true, SYSREG_ID, FEATURES_REVIDR},
        {3, 0, 0, 0, 1, true, SYSREG_UNDEF, 0},
        {3, 1, 0, 0, 7, true, SYSREG_AIDR, 0},
        {3, 1, 0, 0, 6, true, SYSREG_UNDEF, 0}, /* SMIDR_EL1 */
        {3, 1, 0, 0, 4, true, SYSREG_UNDEF, 0}, /* GMID_EL1 */
        {3, 0, 1, 0, 1, true, SYSREG_ZERO, 0},
        {3, 0, 1, 0, 1, false, SYSREG_ZERO, 0},
        {3, 3, 9, 12, 0, true, SYSREG_UNDEF, 0}, /* PMCR_EL0 */
        {3, 3, 13, 0, 7, true, SYSREG_UNDEF, 0}, /* SCXTNUM_EL0 */
        {3, 0, 10, 4, 3, true, SYSREG_UNDEF, 0}, /* LORC_EL1 */
        {3, 0, 5, 3, 1, false, SYSREG_UNDEF, 0}, /* ERRSELR_EL1 */
        {3, 1, 15, 2, 0, false, SYSREG_ZERO, 0}, /* IMPLEMENTATION DEFINED */
        {3, 3, 11, 0, 0, true, SYSREG_ZERO, 0},
        {3, 3, 14, 2, 0, true, SYSREG_PTIMER, 0}, /* CNTP_TVAL_EL0 */
        {3, 3, 14, 2, 2, false, SYSREG_PTIMER, 2},
        {3, 3, 14, 8, 0, true, SYSREG_UNDEF, 0}, /* PMEVCNTR0_EL0 */
        {3, 0, 12, 11, 5, false, SYSREG_SGI, 5}, /* ICC_SGI1R_EL1 */
        {3, 0, 12, 11, 7, false, SYSREG_SGI, 7},
        {3, 0, 12, 11, 5, true, SYSREG_UNDEF, 0},
        {3, 0, 12, 12, 5, true, SYSREG_SRE, 12}, /* ICC_SRE_EL1 */
        {3, 0, 12, 12, 0, true, SYSREG_UNDEF, 0},
        {2, 0, 0, 2, 2, false, SYSREG_MDSCR, 2},
        {2, 0, 0, 3, 4, true, SYSREG_BVR, 3},
        {2, 0, 0, 15, 5, false, SYSREG_BCR, 15},
        {2, 0, 0, 1, 6, true, SYSREG_WVR, 1},
        {2, 0, 0, 1, 7, true, SYSREG_WCR, 1},
        {2, 0, 1, 0, 4, false, SYSREG_OSLAR, 0},
        {2, 0, 1, 0, 4, true, SYSREG_UNDEF, 0},
        {2, 0, 1, 1, 4, true, SYSREG_OSLSR, 1},
        {2, 0, 1, 1, 4, false, SYSREG_UNDEF, 0},
        {2, 0, 7, 8, 6, true, SYSREG_ZERO, 8},  /* DBGCLAIMSET_EL1 */
        {2, 3, 0, 5, 0, false, SYSREG_ZERO, 5}, /* DBGDTRTX_EL0 */
        {2, 1, 0, 0, 0, true, SYSREG_UNDEF, 0}, /* trace */
        {2, 1, 9, 0, 0, true, SYSREG_UNDEF, 0}, /* BRBCR_EL1 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct sysreg_access access = sysreg_decode(sysreg_esr(
            cases[i].op0, cases[i].op1, cases[i].crn, cases[i].crm, cases[i].op2, cases[i].is_read));

        assert_int_equal(access.action, cases[i].action);
        assert_int_equal(access.is_read, cases[i].is_read);
        assert_int_equal(access.reg, 5);
        if (access.action == SYSREG_ID || access.action >= SYSREG_MDSCR) {
            assert_int_equal(access.index, cases[i].index);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_minimal_core_is_seen_as_it_is),
        cmocka_unit_test(test_everything_is_cut_to_the_table),
        cmocka_unit_test(test_signed_fields_stay_unimplemented),
        cmocka_unit_test(test_hidden_features_are_trapped),
        cmocka_unit_test(test_unusable_cores_are_refused_by_name),
        cmocka_unit_test(test_cores_with_the_erratum_are_known),
        cmocka_unit_test(test_aarch32_is_seen_where_it_runs),
        cmocka_unit_test(test_registers_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
