/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/psci.h"

#include "vmm/platform.h"

#define VERSION_1_1 0x00010001u
#define AFFINITY_MASK 0xff00ffffffull
#define MIGRATE_NOT_NEEDED 2 /* no trusted OS that would have to be moved */
#define SUSPEND_POWER_DOWN (1u << 16)
#define RESET2_VENDOR (1ull << 31)

enum affinity_state { AFFINITY_ON = 0, AFFINITY_OFF = 1 };

void psci_reset(struct psci *psci, uint32_t vcpu_count, uint64_t ram_base, uint64_t ram_bytes)
{
    *psci = (struct psci){.vcpu_count = vcpu_count, .ram_base = ram_base, .ram_bytes = ram_bytes};
    psci->on[0] = true;
}

/* 32-bit calls have 32-bit parameters; the upper halves of the registers are not part of them. */
static uint64_t parameter(const uint64_t args[8], unsigned int index)
{
    return (args[0] & PSCI_64BIT) != 0 ? args[index] : (uint32_t)args[index];
}

static bool find_vcpu(const struct psci *psci, uint64_t affinity, uint32_t *vcpu)
{
    if ((affinity & ~AFFINITY_MASK) != 0 || affinity >= psci->vcpu_count) {
        return false;
    }
    *vcpu = (uint32_t)affinity;
    return true;
}

static int64_t cpu_on(struct psci *psci, const uint64_t args[8])
{
    const uint64_t entry = parameter(args, 2);
    uint32_t target;

    if (!find_vcpu(psci, parameter(args, 1), &target)) {
        return PSCI_INVALID_PARAMETERS;
    }
    if (psci->on[target]) {
        return PSCI_ALREADY_ON;
    }
    if ((entry & 3) != 0 || entry - psci->ram_base >= psci->ram_bytes) {
        return PSCI_INVALID_ADDRESS;
    }
    psci->on[target] = true;
    platform_vcpu_start(target, entry, parameter(args, 3));
    return PSCI_SUCCESS;
}

static int64_t affinity_info(const struct psci *psci, const uint64_t args[8])
{
    uint32_t target;

    if (parameter(args, 2) != 0 || !find_vcpu(psci, parameter(args, 1), &target)) {
        return PSCI_INVALID_PARAMETERS;
    }
    return psci->on[target] ? AFFINITY_ON : AFFINITY_OFF;
}

static int64_t cpu_suspend(const uint64_t args[8])
{
    /* A standby state may end at once, and the guest's WFI does the real waiting. There are no deeper ones.
     */
    return (parameter(args, 1) & SUSPEND_POWER_DOWN) != 0 ? PSCI_INVALID_PARAMETERS : PSCI_SUCCESS;
}

static bool is_implemented(uint32_t function)
{
    switch (function) {
    case PSCI_SMCCC_VERSION:
    case PSCI_SMCCC_ARCH_FEATURES:
    case PSCI_VERSION:
    case PSCI_CPU_SUSPEND:
    case PSCI_CPU_SUSPEND | PSCI_64BIT:
    case PSCI_CPU_OFF:
    case PSCI_CPU_ON:
    case PSCI_CPU_ON | PSCI_64BIT:
    case PSCI_AFFINITY_INFO:
    case PSCI_AFFINITY_INFO | PSCI_64BIT:
    case PSCI_MIGRATE_INFO_TYPE:
    case PSCI_SYSTEM_OFF:
    case PSCI_SYSTEM_RESET:
    case PSCI_FEATURES:
    case PSCI_SYSTEM_RESET2:
    case PSCI_SYSTEM_RESET2 | PSCI_64BIT:
        return true;
    default:
        return false;
    }
}

static int64_t features(uint32_t asked)
{
    /* All that is implemented has a feature word of 0: original CPU_SUSPEND format, no OS-initiated mode. */
    return is_implemented(asked) && asked != PSCI_SMCCC_ARCH_FEATURES ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

static int64_t arch_features(uint32_t asked)
{
    const bool known = asked == PSCI_SMCCC_VERSION || asked == PSCI_SMCCC_ARCH_FEATURES;
    return known ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED;
}

enum psci_action psci_call(struct psci *psci, uint32_t vcpu, uint64_t args[8])
{
    const uint32_t function = (uint32_t)args[0];
    int64_t result = PSCI_NOT_SUPPORTED;

    if (!is_implemented(function)) {
        args[0] = (uint64_t)result;
        return PSCI_ACTION_RETURN;
    }
    switch (function == PSCI_SMCCC_VERSION || function == PSCI_SMCCC_ARCH_FEATURES ? function
                                                                                   : function & ~PSCI_64BIT) {
    case PSCI_SMCCC_VERSION:
    case PSCI_VERSION:
        result = VERSION_1_1;
        break;
    case PSCI_SMCCC_ARCH_FEATURES:
        result = arch_features((uint32_t)args[1]);
        break;
    case PSCI_CPU_SUSPEND:
        result = cpu_suspend(args);
        break;
    case PSCI_CPU_OFF:
        psci->on[vcpu] = false;
        platform_vcpu_stop(vcpu);
        return PSCI_ACTION_CPU_OFF;
    case PSCI_CPU_ON:
        result = cpu_on(psci, args);
        break;
    case PSCI_AFFINITY_INFO:
        result = affinity_info(psci, args);
        break;
    case PSCI_MIGRATE_INFO_TYPE:
        result = MIGRATE_NOT_NEEDED;
        break;
    case PSCI_FEATURES:
        result = features((uint32_t)args[1]);
        break;
    case PSCI_SYSTEM_OFF:
        return PSCI_ACTION_OFF;
    case PSCI_SYSTEM_RESET:
        return PSCI_ACTION_RESET;
    case PSCI_SYSTEM_RESET2:
        /* Only the architectural warm reset (type 0) exists, and it is the same as a cold one here. */
        if (parameter(args, 1) == 0) {
            return PSCI_ACTION_RESET;
        }
        result = (parameter(args, 1) & RESET2_VENDOR) != 0 ? PSCI_NOT_SUPPORTED : PSCI_INVALID_PARAMETERS;
        break;
    default:
        break;
    }
    args[0] = (uint64_t)result;
    return PSCI_ACTION_RETURN;
}
