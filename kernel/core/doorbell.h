/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Doorbells: a guest's store that becomes a notification of a PD without its VMM (KVM: ioeventfd).
 *
 * One with a delay that rings in quick succession leaves its target PD asleep until the vCPU that rang stops
 * running, or the delay is over: so a guest that sends a burst pays one switch for several packets, and a
 * single packet is never late. Each PD holds one late notification at most; a second one merges with it.
 */
#pragma once

#include "kernel/core/kernel.h"

/** A store of `value` by `vcpu` at `gpa`. Returns whether a doorbell took it. */
bool doorbell_store(struct vcpu *vcpu, uint64_t gpa, uint32_t width_bytes, uint64_t value);

/**
 * vCPU `vcpu` rings for `pd`: like notification_send(), but if it rang less than `delay_us` ago as well, the
 * PD, if it sleeps and belongs to this core, may sleep on for that long.
 */
void doorbell_ring(struct vcpu *vcpu, struct pd *pd, uint64_t bits, uint32_t delay_us);

/** A vCPU stops running: wake the PDs that may not sleep on. */
void doorbell_flush(struct core *core);

/** Time has passed: wake the PDs whose delay is over. */
void doorbell_tick(struct core *core, uint64_t now);

/** SYSCALL_DOORBELL_MOVE: of the VM's doorbells the ones described at `described` are at `gpa` now. */
enum syscall_status doorbell_move(struct vcpu *vcpu, uint64_t described, uint64_t gpa);
