/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Calls of the firmware (SMC Calling Convention, Arm DEN 0028): function ids, and which of them a protection
 * domain may be given. Tool and kernel share it; the verifier has its own.
 *
 * A call is the firmware's to interpret, at EL3, and may bypass everything that the kernel stands for: PSCI's
 * CPU_ON starts a core at any address of EL2. So of the standard services, whose calls are known, only those
 * may be given away that take no address and stop no single core; the numbers of vendors' services mean what
 * the board's firmware says.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Function ids: PSCI (DEN 0022), TRNG (DEN 0098). Those with _64 take 64-bit arguments. */
#define SMCCC_PSCI_VERSION 0x84000000u
#define SMCCC_PSCI_CPU_ON_64 0xc4000003u /* the kernel's own: nobody may have it */
#define SMCCC_PSCI_SYSTEM_OFF 0x84000008u
#define SMCCC_PSCI_SYSTEM_RESET 0x84000009u
#define SMCCC_PSCI_FEATURES 0x8400000au
#define SMCCC_TRNG_VERSION 0x84000050u
#define SMCCC_TRNG_FEATURES 0x84000051u
#define SMCCC_TRNG_GET_UUID 0x84000052u
#define SMCCC_TRNG_RND 0x84000053u
#define SMCCC_TRNG_RND_64 0xc4000053u

/** Services, bits 29..24 of a function id. */
#define SMCCC_SERVICE(function) ((function) >> 24 & 0x3fu)
#define SMCCC_SERVICE_SIP 2u
#define SMCCC_SERVICE_OEM 3u
#define SMCCC_SERVICE_STANDARD 4u
/** Bit 31: a fast call, which the firmware finishes before it returns. */
#define SMCCC_FAST 0x80000000u
/** Bits 23..16 of a fast call must be zero. */
#define SMCCC_RESERVED 0x00ff0000u

/** Result of a call that is not there. */
#define SMCCC_NOT_SUPPORTED (~0ull)

/** Whether a protection domain may be given `function`: a fast call, and no dangerous standard one. */
static inline bool smccc_is_grantable(uint32_t function)
{
    if ((function & SMCCC_FAST) == 0 || (function & SMCCC_RESERVED) != 0) {
        return false;
    }
    switch (function) {
    case SMCCC_PSCI_VERSION:
    case SMCCC_PSCI_SYSTEM_OFF:
    case SMCCC_PSCI_SYSTEM_RESET:
    case SMCCC_PSCI_FEATURES:
    case SMCCC_TRNG_VERSION:
    case SMCCC_TRNG_FEATURES:
    case SMCCC_TRNG_GET_UUID:
    case SMCCC_TRNG_RND:
    case SMCCC_TRNG_RND_64:
        return true;
    default:
        return SMCCC_SERVICE(function) == SMCCC_SERVICE_SIP || SMCCC_SERVICE(function) == SMCCC_SERVICE_OEM;
    }
}
