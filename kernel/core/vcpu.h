/* SPDX-License-Identifier: BSD-2-Clause */
/** vCPUs: started, stopped, idle. Their exits are vcpu_exit.h, their interrupts vcpu_virq.h. */
#pragma once

#include "kernel/core/kernel.h"

/** Reset and run. */
void vcpu_start(struct vcpu *vcpu, uint64_t entry, uint64_t x0);

/** Stop; pending virtual interrupts are dropped, their configuration stays. */
void vcpu_stop(struct vcpu *vcpu);

/** It runs no more, whatever happens to it, or it goes on. A start or stop leaves that as it is. */
void vcpu_pause(struct vcpu *vcpu, bool paused);

/** WFI: block unless an interrupt is pending. The PC is already past it. */
void vcpu_wait(struct vcpu *vcpu);

/** The vCPU goes idle or has used up its slice: tell the PDs that want to know (SYSDESC_DOORBELL_IDLE). */
void vcpu_went_idle(struct vcpu *vcpu);
