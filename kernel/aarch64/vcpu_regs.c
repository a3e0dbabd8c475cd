/* SPDX-License-Identifier: BSD-2-Clause */
/** A vCPU's EL1 registers, wherever they are: its struct, or the hardware while it is the loaded one. */
#include "kernel/aarch64/sysreg.h"
#include "kernel/core/kernel.h"

#define VECTOR_CURRENT_SP0 0x000u
#define VECTOR_CURRENT_SPX 0x200u
#define VECTOR_LOWER_64 0x400u
#define VECTOR_LOWER_32 0x600u
#define PSTATE_AARCH32 0x10ull
#define PSTATE_EL_MASK 0xcull
#define PSTATE_SPX 1ull
#define PSTATE_NZCV (0xfull << 28)
#define PSTATE_DIT (1ull << 24)
#define PSTATE_PAN (1ull << 22)
#define PSTATE_SSBS (1ull << 12)
#define SCTLR_SPAN (1ull << 23)
#define SCTLR_DSSBS (1ull << 44)

static bool is_loaded(const struct vcpu *vcpu)
{
    return vcpu->thread.core->loaded == vcpu;
}

static uint64_t vector_offset(uint64_t pstate)
{
    if ((pstate & PSTATE_AARCH32) != 0) {
        return VECTOR_LOWER_32;
    }
    if ((pstate & PSTATE_EL_MASK) == 0) {
        return VECTOR_LOWER_64;
    }
    return (pstate & PSTATE_SPX) != 0 ? VECTOR_CURRENT_SPX : VECTOR_CURRENT_SP0;
}

/* PSTATE at the vector, as hardware makes it (Arm ARM, AArch64.TakeException). */
static uint64_t vector_pstate(const struct vcpu *vcpu, uint64_t pstate)
{
    const struct features *features = &vcpu->thread.core->features;
    const bool is_switched_in = vcpu->thread.core->resident == &vcpu->thread;
    const uint64_t sctlr = is_switched_in ? SYSREG_READ(sctlr_el1) : vcpu->arch.sctlr;
    uint64_t result = PSTATE_EL1H | PSTATE_DAIF | (pstate & PSTATE_NZCV);

    if ((pstate & PSTATE_AARCH32) == 0) {
        result |= pstate & PSTATE_DIT;
    }
    if (features_field(features, FEATURES_MMFR1, 20) != 0) {
        result |= (sctlr & SCTLR_SPAN) == 0 ? PSTATE_PAN : pstate & PSTATE_PAN;
    }
    if (features_field(features, FEATURES_PFR1, 4) != 0 && (sctlr & SCTLR_DSSBS) != 0) {
        result |= PSTATE_SSBS;
    }
    return result;
}

static void inject_loaded(const struct arch_context *context, uint64_t esr, uint64_t far, bool set_far)
{
    SYSREG_WRITE(esr_el1, esr);
    if (set_far) {
        SYSREG_WRITE(far_el1, far);
    }
    SYSREG_WRITE(elr_el1, context->pc);
    SYSREG_WRITE(spsr_el1, context->pstate);
}

void arch_vcpu_inject(struct vcpu *vcpu, uint64_t esr, uint64_t far, bool set_far)
{
    struct arch_context *context = &vcpu->thread.context;
    struct arch_vcpu *regs = &vcpu->arch;
    uint64_t vbar = is_loaded(vcpu) ? SYSREG_READ(vbar_el1) : regs->vbar;

    if (is_loaded(vcpu)) {
        inject_loaded(context, esr, far, set_far);
    } else {
        regs->esr = esr;
        regs->far = set_far ? far : regs->far;
        regs->elr = context->pc;
        regs->spsr = context->pstate;
    }
    context->pc = vbar + vector_offset(context->pstate);
    context->pstate = vector_pstate(vcpu, context->pstate);
}

void arch_vcpu_registers(struct vcpu *vcpu, uint64_t words[ARCH_VCPU_REGISTER_WORDS])
{
    const struct arch_vcpu *regs = &vcpu->arch;
    bool loaded = is_loaded(vcpu);

    for (uint32_t i = 0; i < 31; i++) {
        words[i] = vcpu->thread.context.x[i];
    }
    words[31] = loaded ? SYSREG_READ(sp_el1) : regs->sp_el1;
    words[32] = vcpu->thread.context.pc;
    words[33] = vcpu->thread.context.pstate;
    words[34] = loaded ? SYSREG_READ(esr_el1) : regs->esr;
    words[35] = loaded ? SYSREG_READ(elr_el1) : regs->elr;
    words[36] = loaded ? SYSREG_READ(far_el1) : regs->far;
    words[37] = regs->sctlr;
    words[38] = loaded ? SYSREG_READ(ttbr0_el1) : regs->ttbr0;
    words[39] = loaded ? SYSREG_READ(ttbr1_el1) : regs->ttbr1;
}
