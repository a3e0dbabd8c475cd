/* SPDX-License-Identifier: BSD-2-Clause */
/** The table of system registers that EL2 traps: what becomes of a guest's access. Pure, so tested on the
 * host. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** A system register as MSR and MRS name it. */
#define SYSREG_KEY(op0, op1, crn, crm, op2)                                                                  \
    ((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 |           \
     (uint32_t)(op2))

/** What is done with an access. */
enum sysreg_action {
    SYSREG_UNDEF, /**< not in the table: Undefined Instruction, and counted */
    SYSREG_ZERO,  /**< reads as zero, ignores writes */
    SYSREG_ID,    /**< ID register: read from features; `index` is FEATURES_ID() */
    SYSREG_AIDR,  /**< AIDR_EL1: the core's */
    SYSREG_MDSCR, /**< this one to OSLSR: debug.h, `index` is the number of a breakpoint or watchpoint */
    SYSREG_BVR,
    SYSREG_BCR,
    SYSREG_WVR,
    SYSREG_WCR,
    SYSREG_OSLAR,
    SYSREG_OSLSR,
    SYSREG_PTIMER, /**< CNTP_TVAL_EL0, CTL, CVAL: `index` 0, 1, 2 */
    SYSREG_SGI, /**< ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1: `index` 5, 6, 7; where the GIC is a GICv3
                 */
    SYSREG_SRE  /**< ICC_SRE_EL1; likewise */
};

/** An access and what the table says of it. */
struct sysreg_access {
    uint32_t key; /**< SYSREG_KEY() */
    uint32_t reg; /**< general-purpose register, 31: zero */
    bool is_read;
    enum sysreg_action action;
    uint32_t index; /**< which of its kind */
};

/** Decode the syndrome of a trapped MSR or MRS (Arm ARM D19.2.37) and look the register up. */
struct sysreg_access sysreg_decode(uint64_t esr);
