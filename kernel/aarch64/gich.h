/* SPDX-License-Identifier: BSD-2-Clause */
/** GICv2 virtual interface control: a vCPU's list registers (IHI 0048B, 5.3). */
#pragma once

#include "kernel/core/kernel.h"

/** This core's virtual interface, off and with nothing in it, whatever the boot loader left there. */
void gich_init_core(struct kernel *kernel);

/** Number of list registers. */
uint32_t gich_lr_count(struct kernel *kernel);

/** Put the state of `vcpu` into the hardware. */
void gich_load(struct core *core, struct vcpu *vcpu);

/** Take the state of `vcpu` out of the hardware. */
void gich_unload(struct core *core, struct vcpu *vcpu);

/** Before `vcpu`, which is loaded, runs: fill list registers, ask for maintenance if some found none. */
void gich_enter(struct core *core, struct vcpu *vcpu);

/** Whether `vcpu`, as entered, holds an interrupt in a list register that is linked to a physical one. */
bool gich_has_linked(const struct vcpu *vcpu);

/** The core goes idle: a pending virtual interrupt of a vCPU that doesn't run must not end the WFI. */
void gich_idle(struct core *core);

/** Maintenance interrupt. */
void gich_maintain(struct core *core);
