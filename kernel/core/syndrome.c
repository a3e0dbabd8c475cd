/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/syndrome.h"

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
    bool write = (syndrome & ESR_WNR) != 0;

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
    switch (esr_class(syndrome)) {
    case ESR_EC_UNKNOWN:
        return "undefined instruction";
    case ESR_EC_FP:
        return "FP/SIMD instruction, which this protection domain may not use";
    case ESR_EC_SVC64:
        return "unknown system call";
    case ESR_EC_HVC64:
    case ESR_EC_SMC64:
        return "hypervisor or secure monitor call";
    case ESR_EC_SYSREG:
        return "access to a system register";
    case ESR_EC_IABORT:
    case ESR_EC_IABORT_SAME:
        return instruction_abort_text(syndrome);
    case ESR_EC_DABORT:
    case ESR_EC_DABORT_SAME:
        return data_abort_text(syndrome);
    case 0x22:
        return "misaligned program counter";
    case 0x26:
        return "misaligned stack pointer";
    case 0x2f:
        return "SError";
    case ESR_EC_BRK64:
        return "breakpoint instruction";
    default:
        return "unexpected exception";
    }
}
