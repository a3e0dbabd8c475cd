/* SPDX-License-Identifier: BSD-2-Clause */
/** Accesses of guests and PDs to system registers that EL2 traps. */
#pragma once

#include "kernel/core/kernel.h"

/** MSR or MRS with syndrome `esr`: what sysreg_table.c says is done; what is not there is UNDEFINED. */
void trap_sysreg_handle(struct vcpu *vcpu, uint64_t esr);

/**
 * MSR with syndrome `esr` by a PD: the one that has the EL1 physical timer's interrupt sets the timer. False
 * if that isn't what it is.
 */
bool trap_sysreg_set_timer(struct pd *pd, uint64_t esr);
