/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Virtual interrupts of vCPUs: pended, configured, moved, and what they wake.
 *
 * A posted interrupt with a delay waits for another one to the same vCPU, or for the delay: so a guest is not
 * woken just to hear that its transmit buffers are free. Each vCPU holds one late interrupt at most; another
 * INTID makes the first one due.
 */
#pragma once

#include "kernel/core/kernel.h"

/** Bring what is in the hardware into vcpu->virq. */
void vcpu_virq_sync(struct vcpu *vcpu);

/** A virtual interrupt may have become pending: end a WFI. */
void vcpu_virq_wake(struct vcpu *vcpu);

/**
 * Interrupts that have moved to other vCPUs while `vcpu` was serving them, and that its guest has ended: have
 * them signalled where they are now. To be called at the exits of a vCPU with vcpu->virq.left_count.
 */
void vcpu_virq_settle(struct vcpu *vcpu);

/** MAIL_VIRQ: what other cores have pended. */
void vcpu_virq_collect(struct vcpu *vcpu);

/** SGI `intid` (0..15) from `vcpu` to vCPUs n of its VM whose bit n is set in `targets`, on whatever core. */
void vcpu_virq_send_sgi(struct vcpu *vcpu, uint32_t intid, uint32_t targets);

/** Forget what is pending or active; physical interrupts that are linked end. */
void vcpu_virq_clear(struct vcpu *vcpu);

/** Pend virtual interrupt `intid`: a posted interrupt. */
void vcpu_virq_post(struct vcpu *vcpu, uint32_t intid);

/** The same, but a vCPU that was idle lets the one of its priority that runs go on first. */
void vcpu_virq_post_next(struct vcpu *vcpu, uint32_t intid);

/** The same, up to `delay_us` later. */
void vcpu_virq_post_deferred(struct vcpu *vcpu, uint32_t intid, uint32_t delay_us);

/** `intid` is being pended at once: a late event for it is covered by that. */
void vcpu_virq_cancel_deferred(struct vcpu *vcpu, uint32_t intid);

/** `intid` is posted to the vCPU no more. True if a late event for it was on its way, which is void now. */
bool vcpu_virq_revoke_deferred(struct vcpu *vcpu, uint32_t intid);

/** The vCPU stops for good or starts again: its late event is void. */
void vcpu_virq_forget_deferred(struct vcpu *vcpu);

/** Time has passed: pend what is due. */
void vcpu_virq_tick(struct core *core, uint64_t now);

/** Pend `intid`, linked to active physical interrupt `physical`. */
void vcpu_virq_pend_hw(struct vcpu *vcpu, uint32_t intid, uint32_t physical);

/** The calls on a vCPU's virtual interrupts, arguments already x1..x3 of the system call. */
enum syscall_status vcpu_virq_configure(struct vcpu *vcpu, uint64_t intid, uint64_t flags);
/** SYSCALL_VIRQ_SET. */
enum syscall_status vcpu_virq_set(struct vcpu *vcpu, uint64_t intid, uint64_t op, uint64_t argument);
/** SYSCALL_VIRQ_GET. */
enum syscall_status vcpu_virq_get(struct vcpu *vcpu, uint64_t intid, uint64_t *state);
/** SYSCALL_VIRQ_ENABLE. */
void vcpu_virq_enable(struct vcpu *vcpu, bool enabled);

/**
 * SPI `intid`, below VIRQ_COUNT, moves between two vCPUs of one VM. What pends it has been sent there before
 * (route.h).
 */
void vcpu_virq_move(struct vcpu *from, uint32_t intid, struct vcpu *to);

/** The same in three parts, for vCPUs of different cores: on the core of `from`, */
void vcpu_virq_pack(struct vcpu *from, uint32_t intid, struct vcpu *to, struct virq_parcel *parcel);
/** on that of `to`, */
void vcpu_virq_unpack(struct vcpu *to, const struct virq_parcel *parcel);
/** and on that of `from` again: it has arrived. */
void vcpu_virq_arrived(struct vcpu *from, uint32_t intid);
