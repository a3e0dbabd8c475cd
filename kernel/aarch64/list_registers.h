/* SPDX-License-Identifier: BSD-2-Clause */
/** A vCPU's list registers: between its virq_state and the hardware (irqchip.h). */
#pragma once

#include "kernel/core/kernel.h"

/** Number of list registers that are used. */
uint32_t list_registers_count(const struct core *core);

/** Put the state of `vcpu` into the hardware. */
void list_registers_load(struct core *core, struct vcpu *vcpu);

/** Take the state of `vcpu` out of the hardware. */
void list_registers_unload(struct core *core, struct vcpu *vcpu);

/** Before `vcpu`, which is loaded, runs: fill list registers, ask for maintenance if some found none. */
void list_registers_enter(struct core *core, struct vcpu *vcpu);

/** Whether `vcpu`, as entered, holds an interrupt in a list register that is linked to a physical one. */
bool list_registers_has_linked(const struct vcpu *vcpu);

/** The core goes idle: a pending virtual interrupt of a vCPU that doesn't run must not end the WFI. */
void list_registers_idle(struct core *core);

/** Maintenance interrupt. */
void list_registers_maintain(struct core *core);
