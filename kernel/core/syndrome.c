/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/syndrome.h"

bool syndrome_decode(uint64_t syndrome, struct syndrome_access *access)
{
    if (syndrome_class(syndrome) != SYNDROME_EC_DABORT || (syndrome & SYNDROME_ISV) == 0) {
        return false;
    }
    access->width_bytes = 1u << (syndrome >> 22 & 3);
    access->sign_extend = (syndrome >> 21 & 1) != 0;
    access->reg = (uint32_t)(syndrome >> 16 & 31);
    access->is_64bit = (syndrome >> 15 & 1) != 0;
    access->is_write = (syndrome & SYNDROME_WNR) != 0;
    return true;
}

uint64_t syndrome_store_value(const struct syndrome_access *access, uint64_t value)
{
    return access->width_bytes == 8 ? value : value & ((1ull << (access->width_bytes * 8)) - 1);
}

uint64_t syndrome_load_value(const struct syndrome_access *access, uint64_t value)
{
    uint64_t result = syndrome_store_value(access, value);
    uint32_t sign_bit = access->width_bytes * 8 - 1;

    if (access->sign_extend && (result >> sign_bit & 1) != 0 && sign_bit != 63) {
        result |= ~0ull << sign_bit;
    }
    return access->is_64bit ? result : result & 0xffffffffull;
}

#define SERROR_IDS (1u << 24)
#define SERROR_STATUS_MASK 0x3fu
#define SERROR_STATUS_ASYNCHRONOUS 0x11u
#define SERROR_UEO 2u /* restartable */
#define SERROR_CE 6u  /* corrected */

enum syndrome_serror syndrome_serror(uint64_t syndrome, bool has_ras)
{
    const uint32_t severity = (uint32_t)(syndrome >> 10) & 7;

    if (!has_ras || (syndrome & SERROR_IDS) != 0 ||
        (syndrome & SERROR_STATUS_MASK) != SERROR_STATUS_ASYNCHRONOUS) {
        return SYNDROME_SERROR_UNKNOWN;
    }
    return severity == SERROR_CE || severity == SERROR_UEO ? SYNDROME_SERROR_CONTAINED
                                                           : SYNDROME_SERROR_FATAL;
}

static const char *data_abort_text(uint64_t syndrome)
{
    bool write = (syndrome & SYNDROME_WNR) != 0;

    switch (syndrome & 0x3c) {
    case 0x00:
        return "access outside the address space";
    case 0x04:
        return write ? "write to unmapped memory" : "read from unmapped memory";
    case 0x0c:
        return write ? "write to read-only memory" : "read from memory without read permission";
    case 0x10:
        return "external abort of a memory access";
    case 0x20:
        return "misaligned access";
    default:
        return write ? "aborted write" : "aborted read";
    }
}

static const char *instruction_abort_text(uint64_t syndrome)
{
    switch (syndrome & 0x3c) {
    case 0x04:
        return "instruction fetch from unmapped memory";
    case 0x0c:
        return "instruction fetch from non-executable memory";
    default:
        return "aborted instruction fetch";
    }
}

const char *syndrome_text(uint64_t syndrome)
{
    switch (syndrome_class(syndrome)) {
    case SYNDROME_EC_UNKNOWN:
        return "undefined instruction";
    case SYNDROME_EC_FP:
        return "FP/SIMD instruction, which this protection domain may not use";
    case SYNDROME_EC_SVC64:
        return "unknown system call";
    case SYNDROME_EC_HVC64:
    case SYNDROME_EC_SMC64:
        return "hypervisor or secure monitor call";
    case SYNDROME_EC_SYSREG:
        return "access to a system register";
    case SYNDROME_EC_IABORT:
    case SYNDROME_EC_IABORT_SAME:
        return instruction_abort_text(syndrome);
    case SYNDROME_EC_DABORT:
    case SYNDROME_EC_DABORT_SAME:
        return data_abort_text(syndrome);
    case 0x22:
        return "misaligned program counter";
    case 0x26:
        return "misaligned stack pointer";
    case 0x2f:
        return "SError";
    case SYNDROME_EC_BRK64:
        return "breakpoint instruction";
    default:
        return "unexpected exception";
    }
}
