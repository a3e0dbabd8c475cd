/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * PSCI 1.1 (Arm DEN 0022) and the general part of SMCCC 1.1 (Arm DEN 0028), for one virtual machine.
 *
 * Both conduits, HVC and SMC, lead here. The model keeps which vCPUs are on; starting and stopping them goes
 * through vmm/platform.h; what concerns the whole machine is returned to the caller as an action.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vmm_config.h"

/** Function identifiers; the 64-bit variant of one that has it is `id | PSCI_64BIT`. */
#define PSCI_64BIT 0x40000000u
#define PSCI_SMCCC_VERSION 0x80000000u
#define PSCI_SMCCC_ARCH_FEATURES 0x80000001u
#define PSCI_VERSION 0x84000000u
#define PSCI_CPU_SUSPEND 0x84000001u
#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0x84000003u
#define PSCI_AFFINITY_INFO 0x84000004u
#define PSCI_MIGRATE_INFO_TYPE 0x84000006u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define PSCI_FEATURES 0x8400000au
#define PSCI_SYSTEM_RESET2 0x84000012u

/** Return values. */
enum psci_status {
    PSCI_SUCCESS = 0,
    PSCI_NOT_SUPPORTED = -1,
    PSCI_INVALID_PARAMETERS = -2,
    PSCI_DENIED = -3,
    PSCI_ALREADY_ON = -4,
    PSCI_INTERNAL_FAILURE = -6,
    PSCI_INVALID_ADDRESS = -9
};

/** What the caller has to do after a call. */
enum psci_action {
    PSCI_ACTION_RETURN,  /**< go on with args[0..3] as results */
    PSCI_ACTION_CPU_OFF, /**< the calling vCPU stays stopped */
    PSCI_ACTION_OFF,     /**< the machine is switched off */
    PSCI_ACTION_RESET    /**< the machine is reset */
};

/** Power state of the vCPUs of one machine. vCPU n has affinity n. */
struct psci {
    uint32_t vcpu_count;
    uint64_t ram_base; /**< an entry point has to lie in RAM */
    uint64_t ram_bytes;
    bool on[VMM_CONFIG_MAX_VCPUS];
};

/** State after a reset: vCPU 0 is on, all others are off. */
void psci_reset(struct psci *psci, uint32_t vcpu_count, uint64_t ram_base, uint64_t ram_bytes);

/** Serve the call in args[0..7] = x0..x7 by `vcpu`. Unknown functions get PSCI_NOT_SUPPORTED. */
enum psci_action psci_call(struct psci *psci, uint32_t vcpu, uint64_t args[8]);
