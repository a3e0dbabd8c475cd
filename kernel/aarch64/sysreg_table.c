/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of trapped system registers. What is not in it is UNDEFINED for guests. */
#include "kernel/aarch64/sysreg_table.h"

#include <stddef.h>

#include "kernel/aarch64/features.h"

#define ANY 0xffu

/* Registers first_crm..last_crm of a CRn, of one op2 or any. */
struct row {
    uint8_t op0, op1, crn, first_crm, last_crm, op2;
    uint8_t action; /* enum sysreg_action */
    bool reads_only;
};

static const struct row rows[] = {
    {3, 0, 0, 0, 0, 6, SYSREG_ID, true},          /* REVIDR_EL1 */
    {3, 1, 0, 0, 0, 7, SYSREG_AIDR, true},        /* AIDR_EL1 */
    {3, 0, 0, 1, 7, ANY, SYSREG_ID, true},        /* ID_*, MVFR* */
    {3, 0, 1, 0, 0, 1, SYSREG_ZERO, false},       /* ACTLR_EL1 */
    {3, ANY, 11, 0, 15, ANY, SYSREG_ZERO, false}, /* IMPLEMENTATION DEFINED */
    {3, ANY, 15, 0, 15, ANY, SYSREG_ZERO, false}, {2, ANY, ANY, 0, 15, ANY, SYSREG_ZERO, false}, /* debug */
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

struct sysreg_access sysreg_decode(uint64_t esr)
{
    struct sysreg_access access = {
        .key = SYSREG_KEY(esr >> 20 & 3, esr >> 14 & 7, esr >> 10 & 15, esr >> 1 & 15, esr >> 17 & 7),
        .reg = (uint32_t)(esr >> 5 & 31),
        .is_read = (esr & 1) != 0,
        .action = SYSREG_UNDEF,
    };

    for (uint32_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (matches(&rows[i], access.key) && (access.is_read || !rows[i].reads_only)) {
            access.action = (enum sysreg_action)rows[i].action;
            access.index = access.key & 63;
            break;
        }
    }
    return access;
}
