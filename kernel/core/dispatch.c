/* SPDX-License-Identifier: BSD-2-Clause */
/* Who runs next, and what has to be done before: the one place that sees queues, timers and events. */
#include "kernel/core/dispatch.h"

#include "kernel/core/budget.h"
#include "kernel/core/charge.h"
#include "kernel/core/doorbell.h"
#include "kernel/core/list.h"
#include "kernel/core/ptimer.h"
#include "kernel/core/sched.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_virq.h"

#define EXPIRED offsetof(struct thread, expired)

struct thread *dispatch_tick(struct core *core)
{
    const uint64_t now = arch_now();

    /* The timer's interrupt is a level: it stays until the timer is set to a later time or switched off, and
       there may be no next deadline. */
    core->deadline = ARCH_NEVER;
    core->need_resched = true;
    arch_timer_set(core, ARCH_NEVER);
    charge_current(core, now);
    sched_rotate(core, now);
    struct thread *released = sched_release(core, now);
    struct thread *fired = ptimer_tick(core, now);
    doorbell_tick(core, now);
    vcpu_virq_tick(core, now);
    return fired != NULL ? fired : released;
}

/* vCPUs have used up their time: who feeds them is told. */
static void tell_expired(struct core *core)
{
    struct thread *thread;

    while ((thread = core->expired.head) != NULL) {
        list_remove(thread, EXPIRED);
        vcpu_went_idle(kernel_vcpu(thread));
    }
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_deadline(const struct core *core, const struct thread *next)
{
    uint64_t deadline = earliest(ptimer_deadline(core), sched_deadline(core, next));

    for (const struct thread *thread = core->deferred_pds.head; thread != NULL;
         thread = thread->deferred.next) {
        deadline = earliest(deadline, thread->deferred_until);
    }
    for (const struct thread *thread = core->deferred_vcpus.head; thread != NULL;
         thread = thread->deferred.next) {
        deadline = earliest(deadline, thread->deferred_until);
    }
    return deadline;
}

/* The running thread gives way to `next`. If it can go on it is charged now, which may change who is next;
   what it takes to stop is charged by charge_settle(), with the switch. */
static struct thread *leave(struct core *core, struct thread *next)
{
    struct thread *thread = core->current;

    const bool stops = thread != NULL && !sched_is_runnable(thread);

    core->leaving = stops ? thread : NULL;
    core->had_slice = core->has_slice;
    /* It may have run for `next`, whose next period begins below: pay first. */
    if (stops && (next == NULL || sched_takes_turns(next))) {
        return next;
    }
    charge_current(core, arch_now());
    return sched_first(core);
}

/* Most exits change nothing of what this depends on: the lists of threads (list.c), budgets, the timer. */
struct thread *dispatch_pick(struct core *core)
{
    struct thread *next;

    if (!core->need_resched) {
        return core->current;
    }
    tell_expired(core);
    next = sched_first(core);
    if (next != core->current && core->deferred_pds.head != NULL) {
        doorbell_flush(core);
        next = sched_first(core);
    }
    if (next == core->current && !core->has_slice && sched_needs_slice(next)) {
        charge_current(core, arch_now());
        next = sched_first(core);
    }
    const bool changes = next != core->current;
    if (changes) {
        next = leave(core, next);
        if (next != NULL && next != core->current) {
            kernel_count(core, SYSCALL_COUNTER_SWITCHES);
        }
        if (next != core->current) {
            trace_event(core, SYSDESC_TRACE_SWITCH, next, trace_number(core->current));
        }
        core->current = next;
        if (next != NULL) {
            next->woken = false;
        }
        if (next != NULL && !sched_takes_turns(next)) {
            budget_renew(next->budget_owner, arch_now());
        }
    }
    core->has_slice = sched_needs_slice(next);
    sched_begin_turn(core, next, changes);
    uint64_t deadline = next_deadline(core, next);
    if (deadline != core->deadline) {
        core->deadline = deadline;
        arch_timer_set(core, deadline);
    }
    core->need_resched = core->expired.head != NULL;
    return next;
}

struct thread *dispatch_enter(struct core *core)
{
    struct thread *thread;

    /* A vCPU that sleeps keeps its timer in the hardware until another one is loaded; then its wake-up is the
       core's, and so is the time to set the core's timer for. And who has stopped may have to pay more than
       whoever goes on has: another turn changes nothing else. */
    do {
        thread = dispatch_pick(core);
        if (thread != NULL && thread != core->resident) {
            arch_switch(core, thread);
        }
        if (core->leaving != NULL) {
            charge_settle(core);
        }
    } while (core->need_resched);
    return thread;
}
