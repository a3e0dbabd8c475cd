/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The contract between the kernel's portable core (kernel/core) and the machine.
 *
 * kernel/aarch64 implements it for real, kernel/fake for host tests. The types are plain C so that both use
 * the same ones. Times are ticks of the generic timer (CNTPCT_EL0). Every function runs on the calling core
 * with interrupts masked and has a bounded path.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct kernel;
struct core;
struct thread;
struct vcpu;
struct sysdesc;

/** What the vectors save at each entry from EL0 or EL1. Offsets are known to vectors.S. */
struct arch_context {
    uint64_t x[31];
    uint64_t sp; /**< SP_EL0 */
    uint64_t pc; /**< ELR_EL2 */
    uint64_t pstate;
};

/** FP/SIMD registers, switched lazily. Offsets are known to fp.S. */
struct arch_fp {
    uint64_t v[64];
    uint64_t fpcr;
    uint64_t fpsr;
};

/** Per-thread registers that a PD can change behind the kernel's back. */
struct arch_user {
    uint64_t tpidr_el0;
    uint64_t tpidrro_el0;
};

/** Keys of pointer authentication, low half first. */
struct arch_keys {
    uint64_t ia[2], ib[2], da[2], db[2], ga[2];
};

/**
 * SVE registers of a vCPU that is granted them, switched with its FP/SIMD registers, which are part of Z.
 * Vectors have 512 bits at most (ZCR_EL2); how far apart they lie is the core's vector length. fp.S knows the
 * offsets.
 */
#define ARCH_SVE_BYTES 64u
struct arch_sve {
    uint8_t z[32 * ARCH_SVE_BYTES] __attribute__((aligned(16)));
    uint8_t p[17 * ARCH_SVE_BYTES / 8]; /**< P0..P15, FFR */
    uint64_t zcr;
};

/** Values and controls of breakpoints and watchpoints. */
#define ARCH_DEBUG_POINTS 16u
struct arch_debug_points {
    uint64_t bvr[ARCH_DEBUG_POINTS], bcr[ARCH_DEBUG_POINTS];
    uint64_t wvr[ARCH_DEBUG_POINTS], wcr[ARCH_DEBUG_POINTS];
};

/** A vCPU's debug registers; see debug.h. */
struct arch_debug {
    uint64_t mdscr;
    struct arch_debug_points points;
    bool locked; /**< the OS lock */
    bool armed;  /**< something may fire, the debugger's included */
};

/** What a debugger outside of the guest has set up; it outlives resets of the guest. See debug.h. */
struct arch_debugger {
    struct arch_debug_points points;
    bool is_attached; /**< debug exceptions go to the VMM */
    bool steps;       /**< one follows the next instruction */
    bool has_points;  /**< one is enabled */
};

/** What a vCPU's virtual CPU interface holds beside its list registers. */
struct arch_virq_regs {
    uint32_t vmcr;
    uint32_t active0[4], active1[4]; /**< active priorities of group 0 and 1; GICv2: a word, of both */
};

/** A core's interrupt controller. */
struct arch_irqchip {
    uint64_t address;       /**< how other cores name this one when they send it an interrupt */
    uint64_t redistributor; /**< GICv3: registers of this core's private interrupts */
    uint32_t active_words;  /**< GICv3: words of active priorities that a group has */
    uint32_t hcr;           /**< what the control register of its virtual interface was set to */
    uint32_t lrs;           /**< bit n: list register n may hold something */
};

/** A vCPU's EL1 registers, timer and GIC virtual CPU interface while they are not in the hardware. */
struct arch_vcpu {
    uint64_t sctlr, actlr, cpacr, ttbr0, ttbr1, tcr, esr, far, afsr0, afsr1, mair, amair, vbar, contextidr;
    uint64_t tpidr_el1, cntkctl, par, sp_el1, elr, spsr, csselr;
    uint64_t cntv_ctl, cntv_cval;
    struct arch_virq_regs virq;
    struct arch_keys keys; /**< this one and the next two: where the core has them */
    uint64_t disr, tpidr2;
    struct arch_debug debug;
    struct arch_sve sve;
    bool vtimer_active; /**< physical vtimer interrupt is active: the guest is handling it */
};

/** Time that never comes. */
#define ARCH_NEVER UINT64_MAX

/** Now. */
uint64_t arch_now(void);

/** Ticks a second. */
uint64_t arch_frequency(void);

/** Interrupt this core at `deadline`, replacing the last one; ARCH_NEVER: not at all. */
void arch_timer_set(struct core *core, uint64_t deadline);

/** Bits that PDs notify each other with may be set from other cores. Returns the word before. */
uint64_t arch_fetch_or(uint64_t *word, uint64_t bits);

/** Atomically `*word &= bits`; returns the old value. */
uint64_t arch_fetch_and(uint64_t *word, uint64_t bits);

/** Take the whole word and leave 0. */
uint64_t arch_exchange(uint64_t *word, uint64_t value);

/** Number of the calling core. */
uint32_t arch_core_id(void);

/** Make core number `core_id` look at its notification words. */
void arch_kick(uint32_t core_id);

/** Make PD registers as at its start: PC, SP, EL0, everything else 0. */
void arch_pd_reset(struct thread *thread, uint64_t entry, uint64_t stack_top);

/** Make vCPU registers as after reset: EL1h, DAIF set, MMU off, timer off, no virtual interrupt in the GIC.
 */
void arch_vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t x0);

/** Forget what the hardware still holds of `vcpu`: it is being stopped or reset. */
void arch_vcpu_forget(struct vcpu *vcpu);

/**
 * Put the registers of `thread` into the hardware in place of core->resident's. May unload a vCPU that
 * sleeps, and then asks for its wake-up: sched_wake_at().
 */
void arch_switch(struct core *core, struct thread *thread);

/** Fill words 0..39 as SYSCALL_VCPU_READ_REGS says. */
#define ARCH_VCPU_REGISTER_WORDS 40u
void arch_vcpu_registers(struct vcpu *vcpu, uint64_t words[ARCH_VCPU_REGISTER_WORDS]);

/** Fill `words` with registers as SYSCALL_VCPU_READ_GROUP says; returns how many, 0: there is no such group. */
uint32_t arch_vcpu_read_group(struct vcpu *vcpu, uint64_t group, uint64_t words[ARCH_VCPU_REGISTER_WORDS]);

/** Write a register as SYSCALL_VCPU_WRITE_REGISTER says. False: there is none, or it can't have that value. */
bool arch_vcpu_write_register(struct vcpu *vcpu, uint64_t number, uint64_t value);

/** Take an exception to EL1 with this ESR_EL1 and FAR_EL1 (kept as they are if !set_far). */
void arch_vcpu_inject(struct vcpu *vcpu, uint64_t esr, uint64_t far, bool set_far);

/** Bring the list registers in the hardware into vcpu->virq (virq_fold()), if they may have changed. */
void arch_virq_sync(struct vcpu *vcpu);

/** A hardware-linked interrupt of `vcpu` is forgotten: deactivate physical interrupt `intid`. */
void arch_virq_drop_hw(struct vcpu *vcpu, uint32_t intid);

/** Whether the virtual timer of `vcpu` raises its line now: enabled, not masked, its time has come. */
bool arch_vtimer_is_high(const struct vcpu *vcpu);

/** Whether the interrupt controller should take this physical interrupt; `edge`: its trigger. */
void arch_irq_enable(struct kernel *kernel, uint32_t intid, bool edge);

/** Shared physical interrupt `intid` goes to core `to` from now on. On any core. */
void arch_irq_route(struct core *to, uint32_t intid);

/** End of a physical interrupt: it may fire again. */
void arch_irq_deactivate(struct kernel *kernel, uint32_t intid);

/** Forget lazily kept FP registers of `thread`: they are 0 at its next use. */
void arch_fp_forget(struct thread *thread);

/** Raw output, polled. */
void arch_putc(struct kernel *kernel, char c);

/** Secure monitor call: regs x0..x6 in, x0..x3 out. */
void arch_smc(uint64_t registers[8]);
