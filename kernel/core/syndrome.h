/* SPDX-License-Identifier: BSD-2-Clause */
/** Exception syndromes (ESR_EL2; Arm ARM D17.2.37): decoding, and causes in words. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Exception classes. */
#define SYNDROME_EC_SHIFT 26u
#define SYNDROME_EC_UNKNOWN 0x00u
#define SYNDROME_EC_WFX 0x01u
#define SYNDROME_EC_CP15_32 0x03u
#define SYNDROME_EC_CP15_64 0x04u
#define SYNDROME_EC_CP14_32 0x05u
#define SYNDROME_EC_CP14_LDC 0x06u
#define SYNDROME_EC_FP 0x07u
#define SYNDROME_EC_CP10_ID 0x08u
#define SYNDROME_EC_CP14_64 0x0cu
#define SYNDROME_EC_SVC64 0x15u
#define SYNDROME_EC_HVC64 0x16u
#define SYNDROME_EC_SMC64 0x17u
#define SYNDROME_EC_SYSREG 0x18u
#define SYNDROME_EC_SVE 0x19u
#define SYNDROME_EC_IABORT 0x20u
#define SYNDROME_EC_IABORT_SAME 0x21u
#define SYNDROME_EC_DABORT 0x24u
#define SYNDROME_EC_DABORT_SAME 0x25u
#define SYNDROME_EC_FP64 0x2cu
#define SYNDROME_EC_BREAKPOINT 0x30u /* debug exceptions, from below EL2 */
#define SYNDROME_EC_STEP 0x32u
#define SYNDROME_EC_WATCHPOINT 0x34u
#define SYNDROME_EC_BKPT32 0x38u
#define SYNDROME_EC_BRK64 0x3cu

#define SYNDROME_IL (1u << 25)
#define SYNDROME_ISV (1u << 24)
#define SYNDROME_S1PTW (1u << 7)
#define SYNDROME_WNR (1u << 6)
#define SYNDROME_EXTERNAL 0x10u /* DFSC: synchronous external abort */

/** A data abort whose access the hardware describes (ISV). */
struct syndrome_access {
    uint32_t width_bytes; /**< 1, 2, 4, 8 */
    uint32_t reg;         /**< 0..30, 31: zero register */
    bool is_write;
    bool sign_extend;
    bool is_64bit; /**< the register is an X register */
};

/** Exception class. */
static inline uint32_t syndrome_class(uint64_t syndrome)
{
    return (uint32_t)(syndrome >> SYNDROME_EC_SHIFT) & 0x3f;
}

/** Bytes of the instruction that trapped. */
static inline uint32_t syndrome_instruction_bytes(uint64_t syndrome)
{
    return (syndrome & SYNDROME_IL) != 0 ? 4 : 2;
}

/** Decode a data abort. False if the hardware doesn't say what the access was. */
bool syndrome_decode(uint64_t syndrome, struct syndrome_access *access);

/** What a load of `value` leaves in the register. */
uint64_t syndrome_load_value(const struct syndrome_access *access, uint64_t value);

/** Keep the bytes of `value` that a store of that width writes. */
uint64_t syndrome_store_value(const struct syndrome_access *access, uint64_t value);

/** What becomes of an SError interrupt; see syndrome_serror(). */
enum syndrome_serror {
    SYNDROME_SERROR_CONTAINED, /**< corrected, or nobody has consumed it: go on */
    SYNDROME_SERROR_UNKNOWN,   /**< the core does not say what it was */
    SYNDROME_SERROR_FATAL      /**< what is in memory or registers may be wrong */
};

/**
 * Judge an SError by its syndrome (Arm ARM D19.2.37, "ISS encoding for an SError interrupt"). `has_ras`: the
 * core has FEAT_RAS, so that an architected syndrome says how far the error has spread.
 */
enum syndrome_serror syndrome_serror(uint64_t syndrome, bool has_ras);

/** The cause in words, never NULL. */
const char *syndrome_text(uint64_t syndrome);
