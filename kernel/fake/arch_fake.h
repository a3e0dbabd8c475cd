/* SPDX-License-Identifier: BSD-2-Clause */
/** Host stand-in for kernel/aarch64: time that tests set, and a record of what the core asked for. */
#pragma once

#include "kernel/core/kernel.h"

#define ARCH_FAKE_TEXT_BYTES 8192u
#define ARCH_FAKE_IRQS 32u
#define ARCH_FAKE_VCPUS 8u

/** The machine as tests see it. */
struct arch_fake {
    uint64_t now;
    uint64_t deadline;     /**< last arch_timer_set() */
    uint64_t switch_ticks; /**< what arch_switch() takes */
    uint32_t core_id;      /**< which core runs */
    uint32_t kicked;       /**< bit n: core n was kicked */
    char text[ARCH_FAKE_TEXT_BYTES];
    size_t text_bytes;
    uint32_t deactivated[ARCH_FAKE_IRQS];
    uint32_t deactivated_count;
    uint32_t enabled[ARCH_FAKE_IRQS];
    uint32_t enabled_count;
    uint32_t routed_core, routed_intid; /**< last arch_irq_route() */
    uint32_t dropped[ARCH_FAKE_IRQS];   /**< arch_virq_drop_hw() */
    uint32_t dropped_count;
    bool vtimer_high[ARCH_FAKE_VCPUS]; /**< arch_vtimer_is_high(), by index */
    uint32_t syncs;
    uint32_t forgotten; /**< arch_vcpu_forget() calls */
    uint64_t injected_esr, injected_far;
    uint32_t injections;
    uint32_t smc_count;
    uint64_t smc[8];
};

/** One machine per process, as on the target. */
extern struct arch_fake arch_fake;

/** cntv_ctl of a vCPU whose timer runs and may interrupt. */
#define ARCH_FAKE_TIMER_ENABLED 1u

/** When the virtual timer in the hardware fires, which is the loaded vCPU's; ARCH_NEVER: it does not. */
uint64_t arch_fake_vtimer(const struct core *core);
/** It does: the interrupt stays active until a test clears `vtimer_active` of the vCPU. */
void arch_fake_vtimer_fire(struct core *core);

/** Back to power-on: time 1000, nothing recorded. One tick is a microsecond. */
void arch_fake_reset(void);
