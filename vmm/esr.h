/* SPDX-License-Identifier: BSD-2-Clause */
/** Fields of ESR_EL2 that tell what a guest did (Arm DDI 0487, "ESR_ELx"). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Exception classes. */
enum esr_class {
    ESR_CLASS_WFX = 0x01,
    ESR_CLASS_SMC = 0x17,
    ESR_CLASS_SYSREG = 0x18,
    ESR_CLASS_FETCH = 0x20, /* from below EL2, as the next */
    ESR_CLASS_DATA = 0x24,
    ESR_CLASS_BREAKPOINT = 0x30, /* likewise */
    ESR_CLASS_STEP = 0x32,
    ESR_CLASS_WATCHPOINT = 0x34,
    ESR_CLASS_BRK = 0x3c
};

#define ESR_WNR (1ull << 6)

/** enum esr_class, or another. */
static inline uint32_t esr_class(uint64_t esr)
{
    return (uint32_t)(esr >> 26 & 0x3f);
}

/** WFE, else WFI. */
static inline bool esr_wfx_is_wfe(uint64_t esr)
{
    return (esr & 1) != 0;
}

/** Operand of an SMC. */
static inline uint16_t esr_immediate(uint64_t esr)
{
    return (uint16_t)(esr & 0xffff);
}

/** Whether a data abort can be emulated: its syndrome is valid, and it is no table walk of stage 1. */
static inline bool esr_abort_is_decoded(uint64_t esr)
{
    return (esr & 1ull << 24) != 0 && (esr & 1ull << 7) == 0;
}

/** Whether an abort was one of permissions: there is memory, which may not be used like that. */
static inline bool esr_abort_is_forbidden(uint64_t esr)
{
    return (esr & 0x3c) == 0x0c;
}

/** Number of the register that a data abort loads or stores; 31: the zero register. */
static inline uint32_t esr_abort_register(uint64_t esr)
{
    return (uint32_t)(esr >> 16 & 0x1f);
}

/** Width of a data abort's access: 1, 2, 4 or 8. */
static inline uint32_t esr_abort_bytes(uint64_t esr)
{
    return 1u << (esr >> 22 & 3);
}

/** The part of `value` that an access of this width transfers. */
static inline uint64_t esr_abort_cut(uint64_t esr, uint64_t value)
{
    const uint32_t unused = 64 - 8 * esr_abort_bytes(esr);

    return value << unused >> unused;
}

/** What a load of `value` puts into its register: extended, and cut to the register's width. */
static inline uint64_t esr_abort_extend(uint64_t esr, uint64_t value)
{
    const uint32_t unused = 64 - 8 * esr_abort_bytes(esr);
    const bool is_signed = (esr & 1ull << 21) != 0;
    const bool is_64_bit = (esr & 1ull << 15) != 0;

    value <<= unused;
    value = is_signed ? (uint64_t)((int64_t)value >> unused) : value >> unused;
    return is_64_bit ? value : (uint32_t)value;
}

/** Number of the register that an MSR or MRS names; 31: the zero register. */
static inline uint32_t esr_sysreg_register(uint64_t esr)
{
    return (uint32_t)(esr >> 5 & 0x1f);
}

/** MRS, else MSR. */
static inline bool esr_sysreg_is_read(uint64_t esr)
{
    return (esr & 1) != 0;
}
