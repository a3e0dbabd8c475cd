/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The EL1 physical timer of each vCPU (Arm ARM D11.2), emulated: the core's own belongs to a PD.
 *
 * Its registers trap. While it runs and has not fired, its vCPU is in a list of its core, and the core's
 * timer is set for it at the latest; the interrupt is a level, the vCPU's PPI SYSDESC_PTIMER_INTID.
 */
#pragma once

#include "kernel/core/kernel.h"

/** CNTP_CTL_EL0, with ISTATUS as it is now. */
uint64_t ptimer_ctl(const struct vcpu *vcpu);
/** CNTP_TVAL_EL0: what is left, 32 bits, signed. */
uint64_t ptimer_tval(const struct vcpu *vcpu);

/** The guest writes CNTP_CTL_EL0, CNTP_CVAL_EL0 or CNTP_TVAL_EL0. */
void ptimer_set_ctl(struct vcpu *vcpu, uint64_t value);
/** CNTP_CVAL_EL0. */
void ptimer_set_cval(struct vcpu *vcpu, uint64_t value);
/** CNTP_TVAL_EL0. */
void ptimer_set_tval(struct vcpu *vcpu, uint64_t value);

/** The vCPU stops: its timer is off, as after a reset. */
void ptimer_forget(struct vcpu *vcpu);

/** When the first of the core's fires; ARCH_NEVER: none will. */
uint64_t ptimer_deadline(const struct core *core);

/** Time has passed: raise the interrupts of those that fire. Returns one of them, or NULL. */
struct thread *ptimer_tick(struct core *core, uint64_t now);
