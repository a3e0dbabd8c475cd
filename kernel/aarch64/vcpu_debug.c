/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's registers in the hands of a debugger: all that its guest may have, and no more. */
#include "kernel/aarch64/debug.h"
#include "kernel/aarch64/switch.h"
#include "kernel/aarch64/sysreg.h"
#include "kernel/include/syscall.h"

#define PSTATE_EL1T 0x4ull
#define PSTATE_AARCH32 0x10ull
#define PSTATE_SS (1ull << 21)
#define PSTATE_NZCV (0xfull << 28)
/* Bits of a debugger's controls: no matches at EL2 (HMC, SSC), nothing linked to another one (BT or WT, LBN). */
#define BCR_DEBUGGER 0x000001e7ull
#define WCR_DEBUGGER 0x1f001fffull
#define CONTROL_ENABLED 1ull

static bool is_loaded(const struct vcpu *vcpu)
{
    return vcpu->thread.core->loaded == vcpu;
}

static bool is_resident(const struct vcpu *vcpu)
{
    return vcpu->thread.core->resident == &vcpu->thread;
}

static bool has_own_sp(const struct vcpu *vcpu)
{
    return (vcpu->thread.context.pstate & PSTATE_MODE_MASK) == PSTATE_EL1H;
}

/* A register that changes hands with SCTLR_EL1 on cores with FEATURES_SPECULATIVE_AT. */
static uint64_t read_tcr(const struct vcpu *vcpu)
{
    const bool is_hot = (vcpu->thread.core->features.bits & FEATURES_SPECULATIVE_AT) != 0;

    return (is_hot ? is_resident(vcpu) : is_loaded(vcpu)) ? SYSREG_READ(tcr_el1) : vcpu->arch.tcr;
}

static uint32_t read_core_group(const struct vcpu *vcpu, uint64_t *words)
{
    const struct arch_context *context = &vcpu->thread.context;
    const struct features *features = &vcpu->thread.core->features;

    for (uint32_t i = 0; i < 31; i++) {
        words[i] = context->x[i];
    }
    words[31] = !has_own_sp(vcpu) ? context->sp : is_loaded(vcpu) ? SYSREG_READ(sp_el1) : vcpu->arch.sp_el1;
    words[32] = context->pc;
    words[33] = context->pstate;
    words[34] = is_resident(vcpu) ? SYSREG_READ(sctlr_el1) : vcpu->arch.sctlr;
    words[35] = read_tcr(vcpu);
    words[36] = is_loaded(vcpu) ? SYSREG_READ(ttbr0_el1) : vcpu->arch.ttbr0;
    words[37] = is_loaded(vcpu) ? SYSREG_READ(ttbr1_el1) : vcpu->arch.ttbr1;
    words[38] = features->breakpoint_count | features->watchpoint_count << 8;
    return SYSCALL_VCPU_GROUP_CORE_WORDS;
}

#define GROUP_VECTORS 16u

static uint32_t read_vectors(struct vcpu *vcpu, uint32_t first, uint64_t *words)
{
    switch_park_fp(&vcpu->thread);
    for (uint32_t i = 0; i < GROUP_VECTORS; i++) {
        const uint64_t *vector = switch_vector(&vcpu->thread, first + i);

        words[2 * i] = vector[0];
        words[2 * i + 1] = vector[1];
    }
    if (first == 0) {
        return 2 * GROUP_VECTORS;
    }
    words[2 * GROUP_VECTORS] = vcpu->thread.fp.fpcr;
    words[2 * GROUP_VECTORS + 1] = vcpu->thread.fp.fpsr;
    return 2 * GROUP_VECTORS + 2;
}

uint32_t arch_vcpu_read_group(struct vcpu *vcpu, uint64_t group, uint64_t words[ARCH_VCPU_REGISTER_WORDS])
{
    switch (group) {
    case SYSCALL_VCPU_GROUP_CORE:
        return read_core_group(vcpu, words);
    case SYSCALL_VCPU_GROUP_FP_LOW:
        return read_vectors(vcpu, 0, words);
    case SYSCALL_VCPU_GROUP_FP_HIGH:
        return read_vectors(vcpu, GROUP_VECTORS, words);
    default:
        return 0;
    }
}

/* The kernel goes on there, in that mode: never in EL2, nor in AArch32 or out of it. */
static bool write_pstate(struct vcpu *vcpu, uint64_t value)
{
    uint64_t *pstate = &vcpu->thread.context.pstate;
    const uint64_t mode = value & PSTATE_MODE_MASK;

    if ((*pstate & PSTATE_AARCH32) != 0 ||
        (mode != PSTATE_EL0 && mode != PSTATE_EL1T && mode != PSTATE_EL1H)) {
        return false;
    }
    *pstate = (*pstate & ~(PSTATE_NZCV | PSTATE_DAIF | PSTATE_MODE_MASK)) |
              (value & (PSTATE_NZCV | PSTATE_DAIF | PSTATE_MODE_MASK));
    return true;
}

static void write_sp(struct vcpu *vcpu, uint64_t value)
{
    if (!has_own_sp(vcpu)) {
        vcpu->thread.context.sp = value;
    } else if (is_loaded(vcpu)) {
        SYSREG_WRITE(sp_el1, value);
    } else {
        vcpu->arch.sp_el1 = value;
    }
}

static void write_fp(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
    const uint32_t half = (uint32_t)(number - SYSCALL_VCPU_REGISTER_V);

    switch_park_fp(&vcpu->thread);
    if (number == SYSCALL_VCPU_REGISTER_FPCR) {
        vcpu->thread.fp.fpcr = value;
    } else if (number == SYSCALL_VCPU_REGISTER_FPSR) {
        vcpu->thread.fp.fpsr = value;
    } else {
        switch_vector(&vcpu->thread, half / 2)[half % 2] = value;
    }
}

static void write_point(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
    struct arch_debugger *debugger = &vcpu->debugger;
    struct arch_debug_points *points = &debugger->points;
    const uint32_t index = (uint32_t)number % ARCH_DEBUG_POINTS;
    uint64_t enabled = 0;

    switch (number - index) {
    case SYSCALL_VCPU_REGISTER_BVR:
        points->bvr[index] = value;
        break;
    case SYSCALL_VCPU_REGISTER_BCR:
        points->bcr[index] = value & BCR_DEBUGGER;
        break;
    case SYSCALL_VCPU_REGISTER_WVR:
        points->wvr[index] = value;
        break;
    default:
        points->wcr[index] = value & WCR_DEBUGGER;
        break;
    }
    for (uint32_t i = 0; i < ARCH_DEBUG_POINTS; i++) {
        enabled |= (points->bcr[i] | points->wcr[i]) & CONTROL_ENABLED;
    }
    debugger->has_points = enabled != 0;
    debug_points_changed(vcpu);
}

/* The VMM has changed the guest's code by an address of its own: with an instruction cache that looks lines up by
   virtual address, what it can do about that need not reach the guest's lines. */
static void drop_instructions(void)
{
    __asm__ volatile("dsb ish\n ic ialluis\n dsb ish\n isb" ::: "memory");
}

/* A step is armed in PSTATE for each instruction: the exception clears it (Arm ARM D2.11). */
static void write_debugger(struct vcpu *vcpu, uint64_t value)
{
    const bool has_stepped = vcpu->debugger.steps;
    uint64_t *pstate = &vcpu->thread.context.pstate;

    vcpu->debugger.is_attached = (value & SYSCALL_VCPU_DEBUGGER_ATTACHED) != 0;
    vcpu->debugger.steps = (value & SYSCALL_VCPU_DEBUGGER_STEP) != 0;
    if (vcpu->debugger.steps) {
        *pstate |= PSTATE_SS;
    } else if (has_stepped) {
        *pstate &= ~PSTATE_SS; /* else it is the guest's, which may step a program of its own */
    }
    drop_instructions();
    debug_changed(vcpu);
}

bool arch_vcpu_write_register(struct vcpu *vcpu, uint64_t number, uint64_t value)
{
    if (number < SYSCALL_VCPU_REGISTER_SP) {
        vcpu->thread.context.x[number] = value;
    } else if (number == SYSCALL_VCPU_REGISTER_SP) {
        write_sp(vcpu, value);
    } else if (number == SYSCALL_VCPU_REGISTER_PC) {
        vcpu->thread.context.pc = value;
    } else if (number == SYSCALL_VCPU_REGISTER_PSTATE) {
        return write_pstate(vcpu, value);
    } else if (number >= SYSCALL_VCPU_REGISTER_V && number <= SYSCALL_VCPU_REGISTER_FPSR) {
        write_fp(vcpu, number, value);
    } else if (number >= SYSCALL_VCPU_REGISTER_BVR && number < SYSCALL_VCPU_REGISTER_DEBUGGER) {
        write_point(vcpu, number, value);
    } else if (number == SYSCALL_VCPU_REGISTER_DEBUGGER) {
        write_debugger(vcpu, value);
    } else {
        return false;
    }
    return true;
}
