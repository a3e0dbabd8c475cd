/* SPDX-License-Identifier: BSD-2-Clause */
/* Who pays for the time that passes on a core: the running thread, and whoever it works for. */
#include "kernel/core/charge.h"

#include "kernel/core/account.h"
#include "kernel/core/sched.h"

/* What services of other cores have worked for `vcpu`. */
static void collect_debt(struct vcpu *vcpu, uint64_t now)
{
    if (__atomic_load_n(&vcpu->debt, __ATOMIC_RELAXED) != 0) {
        sched_spend(&vcpu->thread, __atomic_exchange_n(&vcpu->debt, 0, __ATOMIC_RELAXED), now);
    }
}

/* `used` ticks were not the running thread's: its slice ends that much later. */
static void skip_to(struct core *core, uint64_t used)
{
    core->slice_start += used;
    core->need_resched = core->need_resched || core->has_slice;
}

/* Charge `thread` for a run, with or without the end of a slice. Without equals it had none, and took nothing
   from anybody by using more. */
static void charge_run(struct thread *thread, bool had_slice, uint64_t used, uint64_t now)
{
    struct budget *budget = thread->budget_owner;
    thread->counters[SYSCALL_COUNTER_RUN_TICKS] += used;
    thread->core->counters[SYSCALL_COUNTER_RUN_TICKS] += used;
    const bool is_free = !had_slice && (int64_t)used > budget->remaining;

    if (is_free && budget->remaining <= 0) {
        budget->remaining = 0; /* used up before, and dealt with: it would come to the same again */
    } else {
        budget->remaining = is_free ? (int64_t)used : budget->remaining;
        sched_spend(thread, used, now);
    }
    if (thread->kind == THREAD_PD) {
        account_charge(kernel_pd(thread), used, now);
    } else {
        collect_debt(kernel_vcpu(thread), now);
    }
}

void charge_current(struct core *core, uint64_t now)
{
    struct thread *thread = core->current;
    uint64_t used = now - core->slice_start;

    core->slice_start = now;
    if (thread == NULL) {
        core->counters[SYSCALL_COUNTER_IDLE_TICKS] += used;
        return;
    }
    charge_run(thread, core->has_slice, used, now);
}

void charge_interrupt(struct core *core, uint64_t since, struct thread *thread)
{
    if (thread == NULL || thread == core->current || core->current == NULL) {
        return;
    }
    const uint64_t now = arch_now();
    const uint64_t used = now - (since > core->slice_start ? since : core->slice_start);

    skip_to(core, used);
    if (thread->kind == THREAD_PD) {
        account_charge(kernel_pd(thread), used, now);
    }
    /* The way in and out, and on to whoever it wakes, cannot be timed from here: it takes twice as long
     * again. */
    sched_pay(thread, 3 * used, now);
}

void charge_set_payer(struct thread *thread, struct budget *budget_owner)
{
    if (thread->budget_owner == budget_owner) {
        return;
    }
    /* What it has run up to now was on the other's time. */
    if (thread == thread->core->current) {
        charge_current(thread->core, arch_now());
    }
    thread->budget_owner = budget_owner;
    thread->core->need_resched = true;
    sched_update(thread);
}

void charge_give_way(struct core *core)
{
    struct thread *thread = core->current;

    if (thread == NULL) {
        return;
    }
    core->need_resched = true;
    charge_current(core, arch_now());
    if (thread->budget_owner->remaining > 0) {
        sched_spend(thread, (uint64_t)thread->budget_owner->remaining, core->slice_start);
    }
}

void charge_settle(struct core *core)
{
    struct thread *thread = core->leaving;
    const uint64_t now = arch_now();
    const uint64_t used = now - core->slice_start;

    core->leaving = NULL;
    thread->own.slept_at = now;
    skip_to(core, used);
    charge_run(thread, core->had_slice, used, now);
}
