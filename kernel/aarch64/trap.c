/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/aarch64/trap.h"

#include "kernel/aarch64/debug.h"
#include "kernel/aarch64/interrupt.h"
#include "kernel/aarch64/panic.h"
#include "kernel/aarch64/switch.h"
#include "kernel/aarch64/sysreg.h"
#include "kernel/aarch64/trap_sysreg.h"
#include "kernel/core/fault.h"
#include "kernel/core/klog.h"
#include "kernel/core/sched.h"
#include "kernel/core/syndrome.h"
#include "kernel/core/syscall.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/core/vcpu_virq.h"
#include "microkit/include/sel4/sel4.h"

#define FAULT_STATUS_MASK 0x3cu
#define FAULT_STATUS_PERMISSION 0x0cu
#define PAR_FAILED 1ull
#define PAR_ADDRESS_MASK 0x0000fffffffff000ull
#define WFX_IS_WFE 1ull
#define WFX_HAS_TIMEOUT 2ull

/* PDs */

static void pd_user_exception(struct pd *pd, uint64_t esr)
{
    const struct arch_context *context = &pd->thread.context;
    const uint64_t words[] = {context->pc, context->sp, context->pstate, esr_class(esr), esr};

    fault_pd(pd, seL4_Fault_UserException, words, seL4_UserException_Length, esr, SYSREG_READ(far_el2));
}

static void pd_abort(struct pd *pd, uint64_t esr, bool prefetch)
{
    uint64_t address = SYSREG_READ(far_el2);
    const uint64_t words[] = {pd->thread.context.pc, address, prefetch, esr};

    fault_pd(pd, seL4_Fault_VMFault, words, seL4_VMFault_Length, esr, address);
}

static void pd_sync(struct core *core, struct pd *pd)
{
    uint64_t esr = SYSREG_READ(esr_el2);

    switch (esr_class(esr)) {
    case ESR_EC_SVC64:
        syscall_handle(pd);
        break;
    case ESR_EC_FP:
        if ((pd->row->flags & SYSDESC_PD_NO_FPU) != 0) {
            pd_user_exception(pd, esr);
        } else {
            switch_open_fp(core);
        }
        break;
    case ESR_EC_IABORT:
        pd_abort(pd, esr, true);
        break;
    case ESR_EC_DABORT:
        pd_abort(pd, esr, false);
        break;
    case ESR_EC_SYSREG:
        if (!trap_sysreg_set_timer(pd, esr)) {
            pd_user_exception(pd, esr);
        }
        break;
    default:
        pd_user_exception(pd, esr);
        break;
    }
}

/* vCPUs */

/* The guest-physical address of a stage-2 abort. A permission fault leaves HPFAR_EL2 unknown unless it hit
   the guest's own table walk: then the guest's translation is asked (Arm ARM D17.2.64). */
static uint64_t abort_gpa(uint64_t esr, uint64_t far)
{
    if ((esr & FAULT_STATUS_MASK) != FAULT_STATUS_PERMISSION || (esr & ESR_S1PTW) != 0) {
        return (SYSREG_READ(hpfar_el2) & ~0xfull) << 8 | (far & 0xfff);
    }

    uint64_t saved = SYSREG_READ(par_el1);
    __asm__ volatile("at s1e1r, %0\n isb" ::"r"(far) : "memory");
    uint64_t par = SYSREG_READ(par_el1);
    SYSREG_WRITE(par_el1, saved);
    return (par & PAR_FAILED) != 0 ? 0 : (par & PAR_ADDRESS_MASK) | (far & 0xfff);
}

static void vcpu_call_exit(struct vcpu *vcpu, uint64_t esr, bool is_smc)
{
    const uint64_t *x = vcpu->thread.context.x;
    const uint64_t words[] = {is_smc, x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], esr & 0xffff};

    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_CALL);
    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_CALL, &vcpu->thread, x[0]);
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_CALL, words, 10);
}

static void vcpu_fetch(struct vcpu *vcpu, uint64_t esr)
{
    uint64_t far = SYSREG_READ(far_el2);
    const uint64_t words[] = {esr, far, vcpu->thread.context.pc, abort_gpa(esr, far)};

    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_FETCH, &vcpu->thread, words[3]);
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_FETCH, words, 4);
}

static void vcpu_wfx(struct vcpu *vcpu, uint64_t esr)
{
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_WFI);
    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_WFI, &vcpu->thread, 0);
    if ((esr & WFX_HAS_TIMEOUT) != 0) {
        vcpu_exit_undefined(vcpu); /* FEAT_WFxT, which guests don't have */
        return;
    }
    vcpu_exit_skip(vcpu, esr);
    if ((esr & WFX_IS_WFE) == 0) {
        vcpu_wait(vcpu);
    } else if (!sched_yield_to_sibling(vcpu->thread.core)) {
        switch_open_wfe(vcpu->thread.core);
    }
}

static void vcpu_sync(struct core *core, struct vcpu *vcpu)
{
    uint64_t esr = SYSREG_READ(esr_el2);
    uint64_t far;

    switch (esr_class(esr)) {
    case ESR_EC_WFX:
        vcpu_wfx(vcpu, esr);
        break;
    case ESR_EC_SVE:
        if (!switch_has_sve(&vcpu->thread)) {
            vcpu_exit_undefined(vcpu);
            break;
        }
        /* fall through */
    case ESR_EC_FP:
        kernel_count(core, SYSCALL_COUNTER_EXIT_FP);
        trace_event(core, SYSDESC_TRACE_EXIT_FP, &vcpu->thread, 0);
        switch_open_fp(core);
        break;
    case ESR_EC_HVC64:
        vcpu_call_exit(vcpu, esr, false);
        break;
    case ESR_EC_SMC64:
        vcpu_call_exit(vcpu, esr, true);
        break;
    case ESR_EC_SYSREG:
        trap_sysreg_handle(vcpu, esr);
        break;
    case ESR_EC_DABORT:
        far = SYSREG_READ(far_el2);
        vcpu_exit_abort(vcpu, esr, abort_gpa(esr, far), far);
        break;
    case ESR_EC_IABORT:
        vcpu_fetch(vcpu, esr);
        break;
    case ESR_EC_BREAKPOINT:
    case ESR_EC_STEP:
    case ESR_EC_WATCHPOINT:
    case ESR_EC_BKPT32:
    case ESR_EC_BRK64:
        debug_exit(vcpu, esr, SYSREG_READ(far_el2));
        break;
    default:
        vcpu_exit_undefined(
            vcpu); /* AArch32's registers, and what belongs to features that guests don't have */
        break;
    }
}

/* An SError comes from memory or a bus, at some time after its cause, and EL2 runs with it masked: so it is
   taken while anybody runs, and nobody is blamed. */
static void serror(struct core *core)
{
    const uint64_t esr = SYSREG_READ(esr_el2);
    const uint64_t count = ++core->counters[SYSCALL_COUNTER_SERRORS];

    if (syndrome_serror(esr, (core->features.bits & FEATURES_RAS) != 0) == SYNDROME_SERROR_FATAL) {
        panic_serror(core->kernel, esr);
    }
    if ((count & (count - 1)) == 0) {
        klog_print(core->kernel, "kernel: %llu SErrors up to now, esr 0x%llx: %s\n",
                   (unsigned long long)count, (unsigned long long)esr, syndrome_text(esr));
    }
}

static void pd_exception(struct core *core, struct pd *pd, uint64_t kind)
{
    if (kind == TRAP_SYNC) {
        pd_sync(core, pd);
    } else if (kind == TRAP_IRQ) {
        interrupt_handle(core);
    } else {
        serror(core);
    }
}

static void vcpu_exception(struct core *core, struct vcpu *vcpu, uint64_t kind)
{
    kernel_count(core, SYSCALL_COUNTER_EXITS);
    if (vcpu->virq.left_count != 0) {
        vcpu_virq_settle(vcpu);
    }
    if (kind == TRAP_SYNC) {
        vcpu_sync(core, vcpu);
    } else if (kind == TRAP_IRQ) {
        kernel_count(core, SYSCALL_COUNTER_EXIT_IRQ);
        trace_event(core, SYSDESC_TRACE_EXIT_IRQ, &vcpu->thread, 0);
        interrupt_handle(core);
    } else {
        serror(core);
    }
}

void trap_handle(struct core *core, uint64_t kind)
{
    struct thread *thread = core->current;

    if (thread->kind == THREAD_PD) {
        pd_exception(core, kernel_pd(thread), kind);
    } else {
        vcpu_exception(core, kernel_vcpu(thread), kind);
    }
    interrupt_return(core);
}
