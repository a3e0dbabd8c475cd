/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's life: started, stopped, idle. */
#include "kernel/core/vcpu.h"

#include "kernel/core/notification.h"
#include "kernel/core/ppc.h"
#include "kernel/core/ptimer.h"
#include "kernel/core/sched.h"
#include "kernel/core/vcpu_virq.h"

/* Off, with nothing of it left in the hardware or on its way to the VMM. */
static void halt(struct vcpu *vcpu)
{
    ppc_cancel(&vcpu->thread);
    vcpu->thread.state = THREAD_OFF;
    vcpu_virq_forget_deferred(vcpu);
    ptimer_forget(vcpu);
    sched_update(&vcpu->thread);
    vcpu_virq_clear(vcpu);
    arch_vcpu_forget(vcpu);
    arch_fp_forget(&vcpu->thread);
    vcpu_virq_settle(vcpu);
}

void vcpu_start(struct vcpu *vcpu, uint64_t entry, uint64_t x0)
{
    halt(vcpu);
    arch_vcpu_reset(vcpu, entry, x0);
    vcpu->thread.state = THREAD_READY;
    sched_update(&vcpu->thread);
}

void vcpu_stop(struct vcpu *vcpu)
{
    halt(vcpu);
}

void vcpu_went_idle(struct vcpu *vcpu)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    const struct sysdesc_doorbell *bells = &kernel->doorbells[vcpu->row->doorbell_first];

    for (uint32_t i = 0; i < vcpu->row->doorbell_count; i++) {
        struct pd *pd = &kernel->pds[bells[i].pd];
        const uint64_t bit = 1ull << bells[i].channel;

        if ((bells[i].flags & SYSDESC_DOORBELL_IDLE) == 0) {
            continue;
        }
        arch_fetch_or(&pd->words[SYSDESC_IDLE_WORD], bit);
        if ((arch_fetch_and(&pd->words[SYSDESC_IDLE_ARMED_WORD], ~bit) & bit) != 0) {
            kernel_count(vcpu->thread.core, SYSCALL_COUNTER_NOTIFICATIONS);
            notification_send(pd, bit);
        }
    }
}

void vcpu_wait(struct vcpu *vcpu)
{
    vcpu_virq_sync(vcpu);
    if (virq_is_pending(&vcpu->virq)) {
        return;
    }
    vcpu->thread.state = THREAD_IDLE;
    sched_update(&vcpu->thread);
    vcpu_went_idle(vcpu);
}
