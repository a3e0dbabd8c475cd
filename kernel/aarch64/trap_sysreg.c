/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/aarch64/trap_sysreg.h"

#include "kernel/aarch64/debug.h"
#include "kernel/aarch64/switch.h"
#include "kernel/aarch64/sysreg.h"
#include "kernel/aarch64/sysreg_table.h"
#include "kernel/core/ptimer.h"
#include "kernel/core/sgi.h"
#include "kernel/core/syndrome.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu_exit.h"

#define ISS_MASK 0x1ffffffu

/* The EL1 physical timer: its interrupt (Arm BSA: PPI 14), and its registers. */
#define TIMER_INTID SYSDESC_PTIMER_INTID
#define TIMER_CTL 1u
#define TIMER_CVAL 2u
/* Group 1 of the sender's security state: what guests have (IHI 0069H, 12.2.8). */
#define SGI_GROUP1 5u
/* ICC_SRE_EL1: system registers are on, and there is nothing else. */
#define SRE_VALUE 7u
#define TIMER_KEY(op2) SYSREG_KEY(3, 3, 14, 2, op2)

static uint64_t read(const struct vcpu *vcpu, const struct sysreg_access *access)
{
    switch (access->action) {
    case SYSREG_ID:
        return features_read(&vcpu->thread.core->features, access->index, switch_has_sve(&vcpu->thread));
    case SYSREG_AIDR:
        return SYSREG_READ(aidr_el1);
    case SYSREG_SRE:
        return SRE_VALUE;
    case SYSREG_PTIMER:
        return access->index == TIMER_CTL    ? ptimer_ctl(vcpu)
               : access->index == TIMER_CVAL ? vcpu->ptimer.cval
                                             : ptimer_tval(vcpu);
    default:
        return debug_read(vcpu, access);
    }
}

static void write(struct vcpu *vcpu, const struct sysreg_access *access, uint64_t value)
{
    if (access->action == SYSREG_ZERO || access->action == SYSREG_SRE) {
        return;
    }
    if (access->action == SYSREG_SGI) {
        sgi_send(vcpu, value, access->index == SGI_GROUP1);
        return;
    }
    if (access->action != SYSREG_PTIMER) {
        debug_write(vcpu, access, value);
    } else if (access->index == TIMER_CTL) {
        ptimer_set_ctl(vcpu, value);
    } else if (access->index == TIMER_CVAL) {
        ptimer_set_cval(vcpu, value);
    } else {
        ptimer_set_tval(vcpu, value);
    }
}

static bool is_there(const struct vcpu *vcpu, const struct sysreg_access *access)
{
    if (access->action == SYSREG_PTIMER) {
        return access->index <= TIMER_CVAL;
    }
    if (access->action == SYSREG_SGI || access->action == SYSREG_SRE) {
        return vcpu->thread.core->kernel->desc->board.gic_kind == SYSDESC_GIC_V3;
    }
    return access->action != SYSREG_UNDEF && debug_has(vcpu->thread.core, access);
}

void trap_sysreg_handle(struct vcpu *vcpu, uint64_t esr)
{
    const struct sysreg_access access = sysreg_decode(esr);

    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_SYSREG);
    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_SYSREG, &vcpu->thread, esr & ISS_MASK);
    if (!is_there(vcpu, &access)) {
        vcpu_exit_undefined(vcpu);
        return;
    }
    if (!access.is_read) {
        write(vcpu, &access, access.reg < 31 ? vcpu->thread.context.x[access.reg] : 0);
    } else if (access.reg < 31) {
        vcpu->thread.context.x[access.reg] = read(vcpu, &access);
    }
    vcpu_exit_skip(vcpu, esr);
}

static bool owns_timer(const struct pd *pd)
{
    const struct kernel *kernel = pd->thread.core->kernel;
    uint16_t index = kernel->irq_rows[TIMER_INTID];

    return index != KERNEL_NO_IRQ && kernel->irqs[index].kind == SYSDESC_IRQ_PD &&
           &kernel->pds[kernel->irqs[index].target] == pd;
}

bool trap_sysreg_set_timer(struct pd *pd, uint64_t esr)
{
    const struct sysreg_access access = sysreg_decode(esr);
    const uint64_t value = access.reg < 31 ? pd->thread.context.x[access.reg] : 0;

    if (access.is_read || !owns_timer(pd)) {
        return false;
    }
    if (access.key == TIMER_KEY(TIMER_CTL)) {
        SYSREG_WRITE(cntp_ctl_el0, value & CNT_CTL_ENABLE);
    } else if (access.key == TIMER_KEY(TIMER_CVAL)) {
        SYSREG_WRITE(cntp_cval_el0, value);
    } else {
        return false;
    }
    sysreg_isb();
    pd->thread.context.pc += esr_instruction_bytes(esr);
    return true;
}
