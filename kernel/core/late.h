/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Events that may be late, by as much as their row in the descriptor grants (`delay_us`).
 *
 * A doorbell with a delay that rings in quick succession leaves its target PD asleep until the vCPU that rang
 * stops running, or the delay is over: so a guest that sends a burst pays one switch for several packets, and
 * a single packet is never late. A posted interrupt with a delay waits for another one to the same vCPU, or
 * for the delay: so a guest is not woken just to hear that its transmit buffers are free.
 *
 * Each PD and each vCPU holds one late event at most; a second one merges with it (a PD's), or makes the
 * first one due (a vCPU's, if it is another INTID).
 */
#pragma once

#include "kernel/core/kernel.h"

/**
 * vCPU `vcpu` rings for `pd`: like notification_send(), but if it rang less than `delay_us` ago as well, the
 * PD, if it sleeps and belongs to this core, may sleep on for that long.
 */
void late_ring(struct vcpu *vcpu, struct pd *pd, uint64_t bits, uint32_t delay_us);

/** Like vcpu_post(), but up to `delay_us` later. */
void late_post(struct vcpu *vcpu, uint32_t intid, uint32_t delay_us);

/** `intid` is being pended at once: a late event for it is covered by that. */
void late_cancel_post(struct vcpu *vcpu, uint32_t intid);

/** `intid` is posted to the vCPU no more. True if a late event for it was on its way, which is void now. */
bool late_revoke_post(struct vcpu *vcpu, uint32_t intid);

/** The vCPU stops for good or starts anew: its late event is void. */
void late_forget(struct vcpu *vcpu);

/** A vCPU stops running: wake the PDs that may not sleep on. */
void late_flush(struct core *core);

/** Time has passed: deliver what is due. */
void late_tick(struct core *core, uint64_t now);
