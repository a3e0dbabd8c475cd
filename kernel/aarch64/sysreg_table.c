/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of trapped system registers. What is not in it is UNDEFINED for guests. */
#include "kernel/aarch64/sysreg_table.h"

#include <stddef.h>

#include "kernel/aarch64/features.h"

#define ANY 0xffu
#define READS 1u
#define WRITES 2u

/* Registers first_crm..last_crm of a CRn, of one op2 or any. */
struct row {
    uint8_t op0, op1, crn, first_crm, last_crm, op2;
    uint8_t action; /* enum sysreg_action */
    uint8_t only;   /* READS or WRITES, 0: both */
};

static const struct row rows[] = {
    {3, 3, 14, 2, 2, ANY, SYSREG_PTIMER, 0},   {2, 0, 0, 2, 2, 2, SYSREG_MDSCR, 0},
    {2, 0, 0, 0, 15, 4, SYSREG_BVR, 0},        {2, 0, 0, 0, 15, 5, SYSREG_BCR, 0},
    {2, 0, 0, 0, 15, 6, SYSREG_WVR, 0},        {2, 0, 0, 0, 15, 7, SYSREG_WCR, 0},
    {2, 0, 1, 0, 0, 4, SYSREG_OSLAR, WRITES},  {2, 0, 1, 1, 1, 4, SYSREG_OSLSR, READS},
    {2, 0, 1, 3, 3, 4, SYSREG_ZERO, 0},        /* OSDLR_EL1 */
    {2, 0, 1, 4, 4, 4, SYSREG_ZERO, 0},        /* DBGPRCR_EL1 */
    {2, 0, 1, 0, 0, 0, SYSREG_ZERO, READS},    /* MDRAR_EL1 */
    {2, 0, 0, 2, 2, 0, SYSREG_ZERO, 0},        /* MDCCINT_EL1 */
    {2, 0, 0, 0, 0, 2, SYSREG_ZERO, 0},        /* OSDTRRX_EL1 */
    {2, 0, 0, 3, 3, 2, SYSREG_ZERO, 0},        /* OSDTRTX_EL1 */
    {2, 0, 0, 6, 6, 2, SYSREG_ZERO, 0},        /* OSECCR_EL1 */
    {2, 3, 0, 1, 1, 0, SYSREG_ZERO, READS},    /* MDCCSR_EL0 */
    {2, 3, 0, 4, 5, 0, SYSREG_ZERO, 0},        /* DBGDTR_EL0, DBGDTRRX_EL0, DBGDTRTX_EL0 */
    {2, 0, 7, 8, 9, 6, SYSREG_ZERO, 0},        /* DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1 */
    {2, 0, 7, 14, 14, 6, SYSREG_ZERO, READS},  /* DBGAUTHSTATUS_EL1 */
    {3, 0, 0, 0, 0, 6, SYSREG_ID, READS},      /* REVIDR_EL1 */
    {3, 1, 0, 0, 0, 7, SYSREG_AIDR, READS},    /* AIDR_EL1 */
    {3, 0, 0, 1, 7, ANY, SYSREG_ID, READS},    /* ID_*, MVFR* */
    {3, 0, 12, 11, 11, 5, SYSREG_SGI, WRITES}, /* ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1 */
    {3, 0, 12, 11, 11, 6, SYSREG_SGI, WRITES}, {3, 0, 12, 11, 11, 7, SYSREG_SGI, WRITES},
    {3, 0, 12, 12, 12, 5, SYSREG_SRE, 0},     /* ICC_SRE_EL1 */
    {3, 0, 1, 0, 0, 1, SYSREG_ZERO, 0},       /* ACTLR_EL1 */
    {3, ANY, 11, 0, 15, ANY, SYSREG_ZERO, 0}, /* IMPLEMENTATION DEFINED */
    {3, ANY, 15, 0, 15, ANY, SYSREG_ZERO, 0},
};

static bool is(uint32_t value, uint8_t wanted)
{
    return wanted == ANY || value == wanted;
}

static bool matches(const struct row *row, uint32_t key)
{
    const uint32_t crm = key >> 3 & 15;

    return is(key >> 14, row->op0) && is(key >> 11 & 7, row->op1) && is(key >> 7 & 15, row->crn) &&
           crm >= row->first_crm && crm <= row->last_crm && is(key & 7, row->op2);
}

/* CRm is the number of a breakpoint, op2 that of a timer's register or of a way to send SGIs; ID registers
 * have both. */
static uint32_t index_of(const struct sysreg_access *access)
{
    switch (access->action) {
    case SYSREG_ID:
        return access->key & 63;
    case SYSREG_PTIMER:
    case SYSREG_SGI:
        return access->key & 7;
    default:
        return access->key >> 3 & 15;
    }
}

struct sysreg_access sysreg_decode(uint64_t esr)
{
    struct sysreg_access access = {
        .key = SYSREG_KEY(esr >> 20 & 3, esr >> 14 & 7, esr >> 10 & 15, esr >> 1 & 15, esr >> 17 & 7),
        .reg = (uint32_t)(esr >> 5 & 31),
        .is_read = (esr & 1) != 0,
        .action = SYSREG_UNDEF,
    };

    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (matches(&rows[i], access.key) && rows[i].only != (access.is_read ? WRITES : READS)) {
            access.action = (enum sysreg_action)rows[i].action;
            access.index = index_of(&access);
            break;
        }
    }
    return access;
}
