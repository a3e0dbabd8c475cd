/* SPDX-License-Identifier: BSD-2-Clause */
/** A vCPU's exits: what the kernel completes by itself, and what its VMM is told and replies. */
#pragma once

#include "kernel/core/kernel.h"

/** Past the instruction that trapped with `syndrome`. */
void vcpu_exit_skip(struct vcpu *vcpu, uint64_t syndrome);

/** Inject Undefined Instruction. */
void vcpu_exit_inject_undef(struct vcpu *vcpu);

/** The same for what its machine does not have: an event that is counted. */
void vcpu_exit_undefined(struct vcpu *vcpu);

/** A stage-2 data abort at guest-physical `gpa`: doorbell, or message to the VMM. */
void vcpu_exit_abort(struct vcpu *vcpu, uint64_t syndrome, uint64_t gpa, uint64_t address);

/** vCPU `vcpu` needs its VMM: enum syscall_vcpu_fault and its words. It stops until the VMM replies. */
void vcpu_exit_message(struct vcpu *vcpu, uint64_t label, const uint64_t *words, uint32_t count);

/**
 * The VMM replied with `label` (enum syscall_vcpu_reply) and words, `count` of which are given: registers are
 * set accordingly, and the vCPU runs on.
 */
void vcpu_exit_reply(struct vcpu *vcpu, uint64_t label, uint32_t count, const uint64_t *words);
