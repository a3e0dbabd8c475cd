/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/aarch64/trap_sysreg.h"

#include "kernel/aarch64/sysreg.h"
#include "kernel/core/fault.h"
#include "kernel/core/syndrome.h"
#include "kernel/core/vcpu.h"

#define OP0_DEBUG 2u
/* The EL1 physical timer: its interrupt (Arm BSA: PPI 14), and its registers. */
#define TIMER_INTID 30u
#define TIMER_CTL 1u
#define TIMER_CVAL 2u

/* A register's encoding, from the syndrome (Arm ARM D17.2.37, "ISS encoding for an exception from MSR, MRS").
 */
struct encoding {
    uint32_t op0, op1, crn, crm, op2;
};

static struct encoding decode(uint64_t esr)
{
    return (struct encoding){
        .op0 = (uint32_t)(esr >> 20 & 3),
        .op1 = (uint32_t)(esr >> 14 & 7),
        .crn = (uint32_t)(esr >> 10 & 15),
        .crm = (uint32_t)(esr >> 1 & 15),
        .op2 = (uint32_t)(esr >> 17 & 7),
    };
}

static bool is_pmu(const struct encoding *reg)
{
    if (reg->op0 != 3)
        return false;
    return (reg->crn == 9 && reg->crm >= 12 && reg->crm <= 14) ||
           (reg->crn == 14 && reg->op1 == 3 && reg->crm >= 8);
}

static bool is_actlr(const struct encoding *reg)
{
    return reg->op0 == 3 && reg->op1 == 0 && reg->crn == 1 && reg->crm == 0 && reg->op2 == 1;
}

static bool is_implementation_defined(const struct encoding *reg)
{
    return reg->op0 == 3 && (reg->crn == 11 || reg->crn == 15);
}

void trap_sysreg_handle(struct vcpu *vcpu, uint64_t esr)
{
    struct encoding reg = decode(esr);
    uint32_t rt = (uint32_t)(esr >> 5 & 31);
    uint64_t *x = vcpu->thread.context.x;

    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_SYSREG);
    if (reg.op0 == OP0_DEBUG || is_pmu(&reg) || is_actlr(&reg) || is_implementation_defined(&reg)) {
        if ((esr & 1) != 0 && rt < 31)
            x[rt] = 0;
        vcpu_skip(vcpu, esr);
        return;
    }
    const uint64_t words[] = {esr, rt < 31 ? x[rt] : 0, vcpu->thread.context.pc};
    fault_vcpu(vcpu, SYSCALL_VCPU_FAULT_SYSREG, words, 3);
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
    struct encoding reg = decode(esr);
    uint32_t rt = (uint32_t)(esr >> 5 & 31);
    uint64_t value = rt < 31 ? pd->thread.context.x[rt] : 0;
    bool is_read = (esr & 1) != 0;

    if (is_read || reg.op0 != 3 || reg.op1 != 3 || reg.crn != 14 || reg.crm != 2 || !owns_timer(pd))
        return false;
    if (reg.op2 == TIMER_CTL)
        SYSREG_WRITE(cntp_ctl_el0, value & CNT_CTL_ENABLE);
    else if (reg.op2 == TIMER_CVAL)
        SYSREG_WRITE(cntp_cval_el0, value);
    else
        return false;
    sysreg_isb();
    pd->thread.context.pc += syndrome_instruction_bytes(esr);
    return true;
}
