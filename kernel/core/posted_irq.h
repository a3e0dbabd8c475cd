/* SPDX-License-Identifier: BSD-2-Clause */
/** Posted interrupts: notifications that pend a virtual interrupt without the vCPU's VMM (KVM: irqfd). */
#pragma once

#include "kernel/core/kernel.h"

/** PD `pd` sends by its `number`-th row. */
enum syscall_status posted_irq_send(struct pd *pd, uint64_t number);

/**
 * SYSCALL_POST_ROUTE: what the PD at the other end of `channel`, one of `vmm`'s, posts in the stead of `vmm`
 * by the `number`-th of its rows for that channel goes to INTID `intid` of `vcpu`, or to the channel itself.
 */
enum syscall_status posted_irq_route(struct pd *vmm, const struct sysdesc_channel *channel, uint64_t number,
                                     struct vcpu *vcpu, uint64_t intid);

/**
 * The vCPU that such a row leads to now, NULL if there is no such row. Its core does posted_irq_route(): an
 * interrupt that is late is there.
 */
struct vcpu *posted_irq_target(const struct pd *vmm, const struct sysdesc_channel *channel, uint64_t number);

/** What pends `intid` of `from` when it is posted pends it of `to`, a vCPU of the same VM, from now on. */
void posted_irq_reroute(const struct vcpu *from, uint32_t intid, const struct vcpu *to);
