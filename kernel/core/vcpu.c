/* SPDX-License-Identifier: BSD-2-Clause */
/* A vCPU's life: started, stopped, idle. */
#include "kernel/core/vcpu.h"

#include "kernel/core/notification.h"
#include "kernel/core/ppc.h"
#include "kernel/core/ptimer.h"
#include "kernel/core/sched.h"
#include "kernel/core/trace.h"
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
    trace_event(vcpu->thread.core, SYSDESC_TRACE_START, &vcpu->thread, entry);
    halt(vcpu);
    arch_vcpu_reset(vcpu, entry, x0);
    vcpu->thread.state = THREAD_READY;
    sched_update(&vcpu->thread);
}

void vcpu_stop(struct vcpu *vcpu)
{
    trace_event(vcpu->thread.core, SYSDESC_TRACE_STOP, &vcpu->thread, 0);
    halt(vcpu);
}

void vcpu_pause(struct vcpu *vcpu, bool paused)
{
    vcpu->thread.suspended = paused;
    sched_update(&vcpu->thread);
}

static void tell_idle(struct vcpu *vcpu, struct pd *pd, uint64_t bits)
{
    /* As they were left the last time, most of the time. Whoever arms a bit from now on looks at the other
       word after that, and finds it set. */
    if ((__atomic_load_n(&pd->words[SYSDESC_IDLE_WORD], __ATOMIC_SEQ_CST) & bits) == bits &&
        (__atomic_load_n(&pd->words[SYSDESC_IDLE_ARMED_WORD], __ATOMIC_SEQ_CST) & bits) == 0) {
        return;
    }
    arch_fetch_or(&pd->words[SYSDESC_IDLE_WORD], bits);
    const uint64_t armed = arch_fetch_and(&pd->words[SYSDESC_IDLE_ARMED_WORD], ~bits) & bits;

    if (armed != 0) {
        kernel_count(vcpu->thread.core, SYSCALL_COUNTER_NOTIFICATIONS);
        trace_event(vcpu->thread.core, SYSDESC_TRACE_NOTIFY, &vcpu->thread,
                    kernel_number(&pd->thread) | (uint64_t)__builtin_ctzll(armed) << 8);
        notification_send(pd, armed);
    }
}

void vcpu_went_idle(struct vcpu *vcpu)
{
    struct kernel *kernel = vcpu->thread.core->kernel;

    for (uint32_t row = vcpu->idle_first; row != KERNEL_NO_DOORBELL; row = kernel->idle_next[row]) {
        tell_idle(vcpu, &kernel->pds[kernel->doorbells[row].pd], kernel->idle_bits[row]);
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
