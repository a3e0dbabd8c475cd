/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Exception syndromes (Arm DDI 0487, D17.2.37, ESR_ELx): what a thread did that trapped. The one decoder of the kernel and
 * of VMMs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Exception classes. */
#define ESR_EC_SHIFT 26u
#define ESR_EC_UNKNOWN 0x00u
#define ESR_EC_WFX 0x01u
#define ESR_EC_CP15_32 0x03u
#define ESR_EC_CP15_64 0x04u
#define ESR_EC_CP14_32 0x05u
#define ESR_EC_CP14_LDC 0x06u
#define ESR_EC_FP 0x07u
#define ESR_EC_CP10_ID 0x08u
#define ESR_EC_CP14_64 0x0cu
#define ESR_EC_SVC64 0x15u
#define ESR_EC_HVC64 0x16u
#define ESR_EC_SMC64 0x17u
#define ESR_EC_SYSREG 0x18u
#define ESR_EC_SVE 0x19u
#define ESR_EC_IABORT 0x20u
#define ESR_EC_IABORT_SAME 0x21u
#define ESR_EC_DABORT 0x24u
#define ESR_EC_DABORT_SAME 0x25u
#define ESR_EC_FP64 0x2cu
#define ESR_EC_BREAKPOINT 0x30u /* debug exceptions, from below EL2 */
#define ESR_EC_STEP 0x32u
#define ESR_EC_WATCHPOINT 0x34u
#define ESR_EC_BKPT32 0x38u
#define ESR_EC_BRK64 0x3cu

#define ESR_IL (1u << 25)
#define ESR_ISV (1u << 24)
#define ESR_S1PTW (1u << 7)
#define ESR_WNR (1u << 6)
#define ESR_EXTERNAL 0x10u /* DFSC: synchronous external abort */

/** A data abort whose access the hardware describes (ISV). */
struct esr_access {
    uint32_t width_bytes; /**< 1, 2, 4, 8 */
    uint32_t reg;         /**< 0..30, 31: zero register */
    bool is_write;
    bool sign_extend;
    bool is_64bit; /**< the register is an X register */
};

/** Exception class. */
static inline uint32_t esr_class(uint64_t esr)
{
    return (uint32_t)(esr >> ESR_EC_SHIFT) & 0x3f;
}

/** Bytes of the instruction that trapped. */
static inline uint32_t esr_instruction_bytes(uint64_t esr)
{
    return (esr & ESR_IL) != 0 ? 4 : 2;
}

/** WFE, else WFI. */
static inline bool esr_wfx_is_wfe(uint64_t esr)
{
    return (esr & 1) != 0;
}

/** Operand of an SMC or HVC. */
static inline uint16_t esr_immediate(uint64_t esr)
{
    return (uint16_t)(esr & 0xffff);
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

/** Whether an abort was one of permissions: there is memory, which may not be used like that. */
static inline bool esr_abort_is_forbidden(uint64_t esr)
{
    return (esr & 0x3c) == 0x0c;
}

/** Decode a data abort. False if the hardware does not say what the access was, or if it was a walk of stage 1. */
static inline bool esr_decode(uint64_t esr, struct esr_access *access)
{
    if (esr_class(esr) != ESR_EC_DABORT || (esr & ESR_ISV) == 0 || (esr & ESR_S1PTW) != 0) {
        return false;
    }
    access->width_bytes = 1u << (esr >> 22 & 3);
    access->sign_extend = (esr >> 21 & 1) != 0;
    access->reg = (uint32_t)(esr >> 16 & 31);
    access->is_64bit = (esr >> 15 & 1) != 0;
    access->is_write = (esr & ESR_WNR) != 0;
    return true;
}

/** The bytes of `value` that a store of that width writes. */
static inline uint64_t esr_store_value(const struct esr_access *access, uint64_t value)
{
    return access->width_bytes == 8 ? value : value & ((1ull << (access->width_bytes * 8)) - 1);
}

/** What a load of `value` leaves in the register. */
static inline uint64_t esr_load_value(const struct esr_access *access, uint64_t value)
{
    const uint32_t sign_bit = access->width_bytes * 8 - 1;
    uint64_t result = esr_store_value(access, value);

    if (access->sign_extend && (result >> sign_bit & 1) != 0 && sign_bit != 63) {
        result |= ~0ull << sign_bit;
    }
    return access->is_64bit ? result : result & 0xffffffffull;
}
