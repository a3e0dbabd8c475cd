/* SPDX-License-Identifier: BSD-2-Clause */
/** Physical interrupts: to a PD's notification, or straight to a vCPU. */
#pragma once

#include "kernel/core/kernel.h"

/** Physical interrupt `intid` fired and is active. Returns who it was for, or NULL. */
struct thread *irq_deliver(struct core *core, uint32_t intid);

/** Physical interrupts that pend `virq` of `from` pend it of `to`, a vCPU of the same VM, from now on. */
void irq_reroute(const struct vcpu *from, uint32_t virq, const struct vcpu *to);

/** SYSCALL_IRQ_ACK of `channel`, an interrupt of `pd`. */
void irq_ack(struct pd *pd, uint32_t channel);

/** `pd` starts again, and knows of no interrupt that it has not acknowledged. */
void irq_ack_all(struct pd *pd);
