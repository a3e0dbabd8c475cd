/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/aarch64/switch.h"

#include "kernel/aarch64/cpu.h"
#include "kernel/aarch64/debug.h"
#include "kernel/aarch64/irqchip.h"
#include "kernel/aarch64/list_registers.h"
#include "kernel/aarch64/sysreg.h"
#include "kernel/core/sched.h"

/* fp.S */
void fp_save(struct arch_fp *fp);
void fp_load(const struct arch_fp *fp);
void sve_save(struct arch_sve *sve, struct arch_fp *fp);
void sve_load(const struct arch_sve *sve, const struct arch_fp *fp);
uint64_t sve_vector_bytes(void);

uint32_t arch_core_id(void)
{
    return cpu_this_core()->id;
}

/* What traps while `thread` runs, whose FP registers are in the hardware; NULL: those of nobody who runs. */
static void write_cptr(struct core *core, const struct thread *thread)
{
    uint64_t open = 0;

    if (thread != NULL) {
        open = switch_has_sve(thread) ? CPTR_EL2_TFP | CPTR_EL2_TZ : CPTR_EL2_TFP;
    }
    core->fp_open = thread != NULL;
    SYSREG_WRITE(cptr_el2, core->features.cptr & ~open);
}

/* Some cores walk tables speculatively for an address of EL1 and EL0 while EL2 is at work (erratum, see
   features.c), with whatever is in the registers then: between two writes that may be one guest's tables
   under another's VMID or a PD's, and the TLB keeps what was found. So on these cores walks are off
   (TCR_EL1.EPDn) and stage 1 is on, so that there is nothing to find without walks, whenever a register of
   the regime changes; each step is in force before the next one. TCR_EL1 is switched with SCTLR_EL1 then. */
static bool is_speculative(const struct core *core)
{
    return (core->features.bits & FEATURES_SPECULATIVE_AT) != 0;
}

static void stop_walks(struct core *core)
{
    SYSREG_WRITE(tcr_el1, SYSREG_READ(tcr_el1) | TCR_EPD);
    sysreg_isb();
    SYSREG_WRITE(sctlr_el1, SYSREG_READ(sctlr_el1) | SCTLR_EL1_M);
    sysreg_isb();
    core->walks = false;
}

static void set_regime(uint64_t root, uint16_t vmid, uint64_t hcr)
{
    SYSREG_WRITE(vttbr_el2, root | (uint64_t)vmid << VTTBR_VMID_SHIFT);
    SYSREG_WRITE(hcr_el2, hcr);
}

/* Stage 1 of a PD is off by HCR_EL2 whatever SCTLR_EL1.M says. */
static void set_regime_pd(struct core *core, const struct pd *pd)
{
    if (!is_speculative(core)) {
        set_regime(pd->row->stage2_root, pd->row->vmid, HCR_PD);
        SYSREG_WRITE(sctlr_el1, SCTLR_PD);
        return;
    }
    SYSREG_WRITE(vttbr_el2, pd->row->stage2_root | (uint64_t)pd->row->vmid << VTTBR_VMID_SHIFT);
    sysreg_isb();
    SYSREG_WRITE(hcr_el2, HCR_PD);
    SYSREG_WRITE(sctlr_el1, SCTLR_PD | SCTLR_EL1_M);
}

/* WFE traps where others of its VM may have to run before what the guest waits for happens. */
static uint64_t hcr_of(const struct core *core, const struct vcpu *vcpu)
{
    return core->features.hcr_guest | (vcpu->shares_core ? HCR_TWE : 0);
}

static void set_regime_vcpu(struct core *core, const struct vcpu *vcpu)
{
    if (!is_speculative(core)) {
        set_regime(vcpu->row->stage2_root, vcpu->row->vmid, hcr_of(core, vcpu));
        SYSREG_WRITE(sctlr_el1, vcpu->arch.sctlr);
        return;
    }
    SYSREG_WRITE(hcr_el2, hcr_of(core, vcpu));
    sysreg_isb();
    SYSREG_WRITE(vttbr_el2, vcpu->row->stage2_root | (uint64_t)vcpu->row->vmid << VTTBR_VMID_SHIFT);
    sysreg_isb();
    SYSREG_WRITE(sctlr_el1, vcpu->arch.sctlr);
    sysreg_isb();
    SYSREG_WRITE(tcr_el1, vcpu->arch.tcr);
    core->walks = true;
}

static void save_keys(struct arch_keys *keys)
{
    keys->ia[0] = SYSREG_READ(SYSREG_APIAKEYLO_EL1);
    keys->ia[1] = SYSREG_READ(SYSREG_APIAKEYHI_EL1);
    keys->ib[0] = SYSREG_READ(SYSREG_APIBKEYLO_EL1);
    keys->ib[1] = SYSREG_READ(SYSREG_APIBKEYHI_EL1);
    keys->da[0] = SYSREG_READ(SYSREG_APDAKEYLO_EL1);
    keys->da[1] = SYSREG_READ(SYSREG_APDAKEYHI_EL1);
    keys->db[0] = SYSREG_READ(SYSREG_APDBKEYLO_EL1);
    keys->db[1] = SYSREG_READ(SYSREG_APDBKEYHI_EL1);
    keys->ga[0] = SYSREG_READ(SYSREG_APGAKEYLO_EL1);
    keys->ga[1] = SYSREG_READ(SYSREG_APGAKEYHI_EL1);
}

static void load_keys(const struct arch_keys *keys)
{
    SYSREG_WRITE(SYSREG_APIAKEYLO_EL1, keys->ia[0]);
    SYSREG_WRITE(SYSREG_APIAKEYHI_EL1, keys->ia[1]);
    SYSREG_WRITE(SYSREG_APIBKEYLO_EL1, keys->ib[0]);
    SYSREG_WRITE(SYSREG_APIBKEYHI_EL1, keys->ib[1]);
    SYSREG_WRITE(SYSREG_APDAKEYLO_EL1, keys->da[0]);
    SYSREG_WRITE(SYSREG_APDAKEYHI_EL1, keys->da[1]);
    SYSREG_WRITE(SYSREG_APDBKEYLO_EL1, keys->db[0]);
    SYSREG_WRITE(SYSREG_APDBKEYHI_EL1, keys->db[1]);
    SYSREG_WRITE(SYSREG_APGAKEYLO_EL1, keys->ga[0]);
    SYSREG_WRITE(SYSREG_APGAKEYHI_EL1, keys->ga[1]);
}

/* Registers that come with features. */
static void save_optional(uint32_t bits, struct arch_vcpu *regs)
{
    if ((bits & FEATURES_PAUTH) != 0) {
        save_keys(&regs->keys);
    }
    if ((bits & FEATURES_RAS) != 0) {
        regs->disr = SYSREG_READ(SYSREG_VDISR_EL2);
    }
    if ((bits & FEATURES_SME) != 0) {
        regs->tpidr2 = SYSREG_READ(SYSREG_TPIDR2_EL0);
    }
}

static void load_optional(uint32_t bits, const struct arch_vcpu *regs)
{
    if ((bits & FEATURES_PAUTH) != 0) {
        load_keys(&regs->keys);
    }
    if ((bits & FEATURES_RAS) != 0) {
        SYSREG_WRITE(SYSREG_VDISR_EL2, regs->disr);
    }
    if ((bits & FEATURES_SME) != 0) {
        SYSREG_WRITE(SYSREG_TPIDR2_EL0, regs->tpidr2);
    }
}

static void save_el1(const struct core *core, struct arch_vcpu *regs)
{
    if ((core->features.bits & FEATURES_OPTIONAL) != 0) {
        save_optional(core->features.bits, regs);
    }
    regs->actlr = SYSREG_READ(actlr_el1);
    regs->ttbr0 = SYSREG_READ(ttbr0_el1);
    regs->ttbr1 = SYSREG_READ(ttbr1_el1);
    if (!is_speculative(core)) {
        regs->tcr = SYSREG_READ(tcr_el1);
    }
    regs->esr = SYSREG_READ(esr_el1);
    regs->far = SYSREG_READ(far_el1);
    regs->afsr0 = SYSREG_READ(afsr0_el1);
    regs->afsr1 = SYSREG_READ(afsr1_el1);
    regs->mair = SYSREG_READ(mair_el1);
    regs->amair = SYSREG_READ(amair_el1);
    regs->vbar = SYSREG_READ(vbar_el1);
    regs->contextidr = SYSREG_READ(contextidr_el1);
    regs->tpidr_el1 = SYSREG_READ(tpidr_el1);
    regs->par = SYSREG_READ(par_el1);
    regs->sp_el1 = SYSREG_READ(sp_el1);
    regs->elr = SYSREG_READ(elr_el1);
    regs->spsr = SYSREG_READ(spsr_el1);
    regs->csselr = SYSREG_READ(csselr_el1);
}

static void load_el1(const struct core *core, const struct arch_vcpu *regs)
{
    if ((core->features.bits & FEATURES_OPTIONAL) != 0) {
        load_optional(core->features.bits, regs);
    }
    SYSREG_WRITE(actlr_el1, regs->actlr);
    SYSREG_WRITE(ttbr0_el1, regs->ttbr0);
    SYSREG_WRITE(ttbr1_el1, regs->ttbr1);
    if (!is_speculative(core)) {
        SYSREG_WRITE(tcr_el1, regs->tcr);
    }
    SYSREG_WRITE(esr_el1, regs->esr);
    SYSREG_WRITE(far_el1, regs->far);
    SYSREG_WRITE(afsr0_el1, regs->afsr0);
    SYSREG_WRITE(afsr1_el1, regs->afsr1);
    SYSREG_WRITE(mair_el1, regs->mair);
    SYSREG_WRITE(amair_el1, regs->amair);
    SYSREG_WRITE(vbar_el1, regs->vbar);
    SYSREG_WRITE(contextidr_el1, regs->contextidr);
    SYSREG_WRITE(tpidr_el1, regs->tpidr_el1);
    SYSREG_WRITE(par_el1, regs->par);
    SYSREG_WRITE(sp_el1, regs->sp_el1);
    SYSREG_WRITE(elr_el1, regs->elr);
    SYSREG_WRITE(spsr_el1, regs->spsr);
    SYSREG_WRITE(csselr_el1, regs->csselr);
}

/* The timer's interrupt is active while the guest handles it: that belongs to the guest as its registers do.
 */
static void save_timer(struct core *core, struct vcpu *vcpu)
{
    uint32_t intid = core->kernel->desc->board.vtimer_irq;

    vcpu->arch.cntv_ctl = SYSREG_READ(cntv_ctl_el0) & (CNT_CTL_ENABLE | CNT_CTL_IMASK);
    vcpu->arch.cntv_cval = SYSREG_READ(cntv_cval_el0);
    SYSREG_WRITE(cntv_ctl_el0, 0);
    sysreg_isb();
    vcpu->arch.vtimer_active = irqchip_is_active(core, intid);
    if (vcpu->arch.vtimer_active) {
        irqchip_set_active(core, intid, false);
    }
    if (vcpu->thread.state == THREAD_IDLE && vcpu->arch.cntv_ctl == CNT_CTL_ENABLE) {
        sched_wake_at(&vcpu->thread, vcpu->arch.cntv_cval);
    }
}

static void load_timer(struct core *core, struct vcpu *vcpu)
{
    if (vcpu->arch.vtimer_active) {
        irqchip_set_active(core, core->kernel->desc->board.vtimer_irq, true);
    }
    SYSREG_WRITE(cntv_cval_el0, vcpu->arch.cntv_cval);
    SYSREG_WRITE(cntv_ctl_el0, vcpu->arch.cntv_ctl);
}

static void load_vcpu(struct core *core, struct vcpu *vcpu)
{
    struct vcpu *old = core->loaded;

    if (old == vcpu) {
        return;
    }
    if (old != NULL) {
        list_registers_unload(core, old);
        save_timer(core, old);
        save_el1(core, &old->arch);
    }
    core->loaded = vcpu;
    SYSREG_WRITE(vmpidr_el2, vcpu->row->vmpidr | 1ull << 31);
    load_el1(core, &vcpu->arch);
    load_timer(core, vcpu);
    list_registers_load(core, vcpu);
}

/* Registers that a PD and a guest can't share even for the time of a system call. */
static void save_hot(struct thread *thread)
{
    thread->user.tpidr_el0 = SYSREG_READ(tpidr_el0);
    if (thread->kind == THREAD_PD) {
        return;
    }
    struct arch_vcpu *regs = &kernel_vcpu(thread)->arch;
    thread->user.tpidrro_el0 = SYSREG_READ(tpidrro_el0);
    regs->sctlr = SYSREG_READ(sctlr_el1);
    regs->cpacr = SYSREG_READ(cpacr_el1);
    regs->cntkctl = SYSREG_READ(cntkctl_el1);
    if (is_speculative(thread->core)) {
        regs->tcr = SYSREG_READ(tcr_el1);
    }
}

static void load_hot_pd(struct core *core, struct pd *pd)
{
    set_regime_pd(core, pd);
    SYSREG_WRITE(cpacr_el1, CPACR_FPEN_ALL);
    SYSREG_WRITE(cntkctl_el1, CNTKCTL_PD);
}

static void load_hot_vcpu(struct core *core, struct vcpu *vcpu)
{
    load_vcpu(core, vcpu);
    set_regime_vcpu(core, vcpu);
    SYSREG_WRITE(cpacr_el1, vcpu->arch.cpacr);
    SYSREG_WRITE(cntkctl_el1, vcpu->arch.cntkctl);
    if (vcpu->arch.debug.armed) {
        debug_enter(core, vcpu);
    }
}

void arch_switch(struct core *core, struct thread *thread)
{
    if (core->resident != NULL) {
        save_hot(core->resident);
    }
    if (core->walks) {
        stop_walks(core);
    }
    if (core->debug_on) {
        debug_leave(core);
    }
    core->resident = thread;
    core->context = &thread->context;
    if (thread->kind == THREAD_PD) {
        load_hot_pd(core, kernel_pd(thread));
    } else {
        load_hot_vcpu(core, kernel_vcpu(thread));
    }
    SYSREG_WRITE(tpidr_el0, thread->user.tpidr_el0);
    SYSREG_WRITE(tpidrro_el0, thread->user.tpidrro_el0);
    if (core->fp_open != (core->fp == thread)) {
        write_cptr(core, core->fp == thread ? thread : NULL);
    }
}

void switch_open_wfe(const struct core *core)
{
    SYSREG_WRITE(hcr_el2, core->features.hcr_guest);
}

bool switch_has_sve(const struct thread *thread)
{
    return thread->kind == THREAD_VCPU && (kernel_vcpu_const(thread)->row->flags & SYSDESC_VCPU_SVE) != 0 &&
           (thread->core->features.bits & FEATURES_SVE) != 0;
}

static void save_fp(struct thread *thread)
{
    if (switch_has_sve(thread)) {
        struct arch_sve *sve = &kernel_vcpu(thread)->arch.sve;

        sve->zcr = SYSREG_READ(SYSREG_ZCR_EL1);
        sve_save(sve, &thread->fp);
    } else {
        fp_save(&thread->fp);
    }
}

static void load_fp(const struct thread *thread)
{
    if (switch_has_sve(thread)) {
        const struct arch_sve *sve = &kernel_vcpu_const(thread)->arch.sve;

        SYSREG_WRITE(SYSREG_ZCR_EL1, sve->zcr);
        sve_load(sve, &thread->fp);
    } else {
        fp_load(&thread->fp);
    }
}

void switch_open_fp(struct core *core)
{
    struct thread *thread = core->current, *old = core->fp;

    if (old != thread) {
        /* Another's SVE registers are saved, so they have to be open as well. */
        write_cptr(core, old != NULL && switch_has_sve(old) ? old : thread);
        sysreg_isb();
        if (old != NULL) {
            save_fp(old);
        }
        load_fp(thread);
        core->fp = thread;
    }
    write_cptr(core, thread);
    sysreg_isb();
}

void switch_park_fp(struct thread *thread)
{
    struct core *core = thread->core;

    if (core->fp != thread) {
        return;
    }
    write_cptr(core, thread);
    sysreg_isb();
    save_fp(thread);
    core->fp = NULL;
    write_cptr(core, NULL);
}

uint64_t *switch_vector(struct thread *thread, uint32_t n)
{
    struct core *core = thread->core;

    if (!switch_has_sve(thread)) {
        return &thread->fp.v[2 * n];
    }
    write_cptr(core, thread);
    sysreg_isb();
    const uint64_t stride = sve_vector_bytes();
    write_cptr(core, core->fp == core->resident ? core->fp : NULL);
    return (uint64_t *)(void *)(kernel_vcpu(thread)->arch.sve.z + n * stride);
}

void arch_fp_forget(struct thread *thread)
{
    struct core *core = thread->core;

    thread->fp = (struct arch_fp){0};
    if (core->fp != thread) {
        return;
    }
    core->fp = NULL;
    if (core->resident == thread) {
        write_cptr(core, NULL);
    }
}

void arch_pd_reset(struct thread *thread, uint64_t entry, uint64_t stack_top)
{
    thread->context = (struct arch_context){.pc = entry, .sp = stack_top, .pstate = PSTATE_EL0};
    thread->user = (struct arch_user){0};
    arch_fp_forget(thread);
}

void arch_vcpu_forget(struct vcpu *vcpu)
{
    struct core *core = vcpu->thread.core;

    if (core->resident == &vcpu->thread) {
        core->resident = NULL;
    }
    if (core->points == &vcpu->arch.debug.points) {
        core->points = NULL;
    }
    vcpu->arch.vtimer_active = false;
    if (core->loaded != vcpu) {
        return;
    }
    list_registers_unload(core, vcpu);
    save_timer(core, vcpu);
    vcpu->arch.vtimer_active = false;
    save_el1(core, &vcpu->arch);
    core->loaded = NULL;
}

void arch_vcpu_reset(struct vcpu *vcpu, uint64_t entry, uint64_t x0)
{
    vcpu->thread.context = (struct arch_context){.pc = entry, .pstate = PSTATE_EL1H | PSTATE_DAIF};
    vcpu->thread.context.x[0] = x0;
    vcpu->thread.user = (struct arch_user){0};
    vcpu->arch = (struct arch_vcpu){.sctlr = SCTLR_EL1_RES1};
    vcpu->arch.debug.armed = vcpu->debugger.is_attached;
}

bool arch_vtimer_is_high(const struct vcpu *vcpu)
{
    if (vcpu->thread.core->loaded == vcpu) {
        return SYSREG_READ(cntv_ctl_el0) == (CNT_CTL_ENABLE | CNT_CTL_ISTATUS);
    }
    return vcpu->arch.cntv_ctl == CNT_CTL_ENABLE && vcpu->arch.cntv_cval <= arch_now();
}

void arch_virq_drop_hw(struct vcpu *vcpu, uint32_t intid)
{
    struct kernel *kernel = vcpu->thread.core->kernel;

    /* The private timer interrupt is the loaded vCPU's; another's state is in its struct. */
    if (intid == kernel->desc->board.vtimer_irq && vcpu->thread.core->loaded != vcpu) {
        vcpu->arch.vtimer_active = false;
    } else {
        irqchip_set_active(vcpu->thread.core, intid, false);
    }
}
