/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPUs' physical timers: three registers and a list of those that are yet to fire. */
#include "kernel/core/ptimer.h"

#include "kernel/core/list.h"
#include "kernel/core/vcpu_virq.h"

#define PTIMER offsetof(struct thread, ptimer)

#define CTL_ENABLE 1ull
#define CTL_IMASK 2ull
#define CTL_ISTATUS 4ull

static bool is_met(const struct vcpu *vcpu, uint64_t now)
{
    return (vcpu->ptimer.ctl & CTL_ENABLE) != 0 && now >= vcpu->ptimer.cval;
}

/* Registers or time have changed: the line follows, and who is yet to fire waits in the list. */
static void update(struct vcpu *vcpu, uint64_t now)
{
    struct thread *thread = &vcpu->thread;
    const bool signals = (vcpu->ptimer.ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
    const bool line = signals && is_met(vcpu, now);

    if (signals && !line) {
        if (!list_contains(thread, PTIMER)) {
            list_append(&thread->core->ptimers, thread, PTIMER);
        }
        thread->core->need_resched = true; /* the deadline may be another one */
    } else {
        list_remove(thread, PTIMER);
    }
    if (line == vcpu->ptimer.line) {
        return;
    }
    vcpu->ptimer.line = line;
    arch_virq_sync(vcpu);
    virq_set_line(&vcpu->virq, SYSDESC_PTIMER_INTID, line);
    vcpu_virq_wake(vcpu);
}

uint64_t ptimer_ctl(const struct vcpu *vcpu)
{
    return vcpu->ptimer.ctl | (is_met(vcpu, arch_now()) ? CTL_ISTATUS : 0);
}

uint64_t ptimer_tval(const struct vcpu *vcpu)
{
    return (vcpu->ptimer.cval - arch_now()) & UINT32_MAX;
}

void ptimer_set_ctl(struct vcpu *vcpu, uint64_t value)
{
    vcpu->ptimer.ctl = value & (CTL_ENABLE | CTL_IMASK);
    update(vcpu, arch_now());
}

void ptimer_set_cval(struct vcpu *vcpu, uint64_t value)
{
    vcpu->ptimer.cval = value;
    update(vcpu, arch_now());
}

void ptimer_set_tval(struct vcpu *vcpu, uint64_t value)
{
    ptimer_set_cval(vcpu, arch_now() + (uint64_t)(int64_t)(int32_t)(uint32_t)value);
}

void ptimer_forget(struct vcpu *vcpu)
{
    ptimer_set_ctl(vcpu, 0);
    vcpu->ptimer.cval = 0;
}

uint64_t ptimer_deadline(const struct core *core)
{
    uint64_t deadline = ARCH_NEVER;

    for (struct thread *thread = core->ptimers.head; thread != NULL; thread = thread->ptimer.next) {
        const uint64_t cval = kernel_vcpu(thread)->ptimer.cval;

        deadline = cval < deadline ? cval : deadline;
    }
    return deadline;
}

struct thread *ptimer_tick(struct core *core, uint64_t now)
{
    struct thread *next, *fired = NULL;

    for (struct thread *thread = core->ptimers.head; thread != NULL; thread = next) {
        next = thread->ptimer.next;
        update(kernel_vcpu(thread), now);
        fired = list_contains(thread, PTIMER) ? fired : thread;
    }
    return fired;
}
