/* SPDX-License-Identifier: BSD-2-Clause */
/** Physical interrupts: to a PD's notification, or straight to a vCPU. */
#pragma once

#include "kernel/core/kernel.h"

/** Physical interrupt `intid` fired and is active. Returns who it was for, or NULL. */
struct thread *irq_deliver(struct core *core, uint32_t intid);

/** SYSCALL_IRQ_ACK of `channel`, an interrupt of `pd`. */
void irq_ack(struct pd *pd, uint32_t channel);
