/* SPDX-License-Identifier: BSD-2-Clause */
/** vCPUs: life, exits that need the VMM, completing them, virtual interrupts. */
#pragma once

#include "kernel/core/kernel.h"

/** Reset and run. */
void vcpu_start(struct vcpu *vcpu, uint64_t entry, uint64_t x0);

/** Stop; pending virtual interrupts are dropped, their configuration stays. */
void vcpu_stop(struct vcpu *vcpu);

/** WFI: block unless an interrupt is pending. The PC is already past it. */
void vcpu_wait(struct vcpu *vcpu);

/** The vCPU goes idle or has used up its slice: tell the PDs that want to know (SYSDESC_DOORBELL_PAUSE). */
void vcpu_paused(struct vcpu *vcpu);

/** A virtual interrupt may have become pending: end a WFI. */
void vcpu_wake(struct vcpu *vcpu);

/** A stage-2 data abort at guest-physical `gpa`: doorbell, or message to the VMM. */
void vcpu_abort(struct vcpu *vcpu, uint64_t syndrome, uint64_t gpa, uint64_t address);

/** The VMM replied with `label` (enum syscall_vcpu_reply) and words; registers are set accordingly. */
void vcpu_finish_fault(struct vcpu *vcpu, uint64_t label, uint32_t count, const uint64_t *words);

/**
 * Interrupts that have moved to other vCPUs while `vcpu` was serving them, and that its guest has ended: have
 * them signalled where they are now. To be called at the exits of a vCPU with vcpu->virq.left_count.
 */
void vcpu_settle(struct vcpu *vcpu);

/** Inject Undefined Instruction. */
void vcpu_inject_undef(struct vcpu *vcpu);

/** The same for what its machine does not have: an event that is counted. */
void vcpu_undefined(struct vcpu *vcpu);

/** Past the instruction that trapped with `syndrome`. */
void vcpu_skip(struct vcpu *vcpu, uint64_t syndrome);

/** Pend virtual interrupt `intid`: a posted interrupt. */
void vcpu_post(struct vcpu *vcpu, uint32_t intid);

/** The same, but a vCPU that was idle lets the one of its priority that runs go on first. */
void vcpu_post_next(struct vcpu *vcpu, uint32_t intid);

/** Pend `intid`, linked to active physical interrupt `physical`. */
void vcpu_pend_hw(struct vcpu *vcpu, uint32_t intid, uint32_t physical);

/** SYSCALL_DOORBELL_MOVE: of the VM's doorbells the ones described at `described` are at `gpa` now. */
enum syscall_status vcpu_doorbell_move(struct vcpu *vcpu, uint64_t described, uint64_t gpa);

/** The calls on a vCPU's virtual interrupts, arguments already x1..x3 of the system call. */
enum syscall_status vcpu_virq_configure(struct vcpu *vcpu, uint64_t intid, uint64_t flags);
/** SYSCALL_VIRQ_SET. */
enum syscall_status vcpu_virq_set(struct vcpu *vcpu, uint64_t intid, uint64_t op, uint64_t argument);
/** SYSCALL_VIRQ_GET. */
enum syscall_status vcpu_virq_get(struct vcpu *vcpu, uint64_t intid, uint64_t *state);
/** SYSCALL_VIRQ_MOVE, between two vCPUs of one VM. */
enum syscall_status vcpu_virq_move(struct vcpu *from, uint64_t intid, struct vcpu *to);
/** SYSCALL_VIRQ_ENABLE. */
void vcpu_virq_enable(struct vcpu *vcpu, bool enabled);
