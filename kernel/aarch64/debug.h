/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Debug registers of vCPUs: breakpoints, watchpoints, single step (Arm ARM D2, D19.3).
 *
 * Every access traps, so struct arch_debug is the truth, and the hardware's are written for a vCPU that has
 * something armed, while it runs; then they need never be read back. While anybody else runs MDSCR_EL1 is 0,
 * and nothing fires. (Trapping always, where KVM leaves the registers to a guest once it has used them, keeps
 * the claim tags and the debugger's data registers, which are the core's, from guests.)
 *
 * A debugger outside of the guest (its VMM's, with SYSDESC_VCPU_DEBUG) has breakpoints and watchpoints of its
 * own, struct arch_debugger. While it is attached they are in the hardware in place of the guest's, which rest
 * as the guest has left them, and all debug exceptions go to EL2 (MDCR_EL2.TDE): from there to the VMM.
 */
#pragma once

#include "kernel/aarch64/sysreg_table.h"
#include "kernel/core/kernel.h"

/** What a read of the register yields (SYSREG_MDSCR to SYSREG_OSLSR). */
uint64_t debug_read(const struct vcpu *vcpu, const struct sysreg_access *access);

/** The running vCPU writes the register. */
void debug_write(struct vcpu *vcpu, const struct sysreg_access *access, uint64_t value);

/** Whether the core has the register: breakpoints and watchpoints are few. */
bool debug_has(const struct core *core, const struct sysreg_access *access);

/** `vcpu` is about to run, and has something armed (struct arch_debug.armed). */
void debug_enter(struct core *core, const struct vcpu *vcpu);

/** It stops running (core->debug_on). */
void debug_leave(struct core *core);

/** What may fire of `vcpu` has changed, or whose it is. */
void debug_changed(struct vcpu *vcpu);

/** The same, with the debugger's breakpoints or watchpoints. */
void debug_points_changed(struct vcpu *vcpu);

/** The running vCPU took a debug exception to EL2: its VMM is told. */
void debug_exit(struct vcpu *vcpu, uint64_t esr, uint64_t far);
