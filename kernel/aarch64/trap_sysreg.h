/* SPDX-License-Identifier: BSD-2-Clause */
/** Guest accesses to system registers that EL2 traps. */
#pragma once

#include "kernel/core/kernel.h"

/**
 * MSR or MRS with syndrome `esr`. Debug, trace, PMU, ACTLR and IMPLEMENTATION DEFINED registers read as zero
 * and ignore writes; anything else goes to the VMM.
 */
void trap_sysreg_handle(struct vcpu *vcpu, uint64_t esr);
