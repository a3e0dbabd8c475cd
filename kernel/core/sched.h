/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The scheduler of a core: fixed priorities 0..254, preemptive, first in first out within a priority,
 * budgets (budget.h).
 *
 * A thread that runs stays at the head of its queue until it blocks, yields or has used its time. With
 * budget < period it is throttled when the budget is used up, until its period ends, or as many periods as it
 * owes. With budget == period the budget is the time slice of round robin among equals, and who owes for what
 * others did for it is passed over as often: deficit round robin. A vCPU pays for itself, its VMM, its share
 * of services (account.h) and the interrupts and switches that it causes (charge.h).
 *
 * It only reports: that who is to run may have changed (core->need_resched), and which vCPUs have used up their time
 * (core->expired). dispatch.c acts upon it.
 */
#pragma once

#include "kernel/core/kernel.h"

/** Set up a thread's budget, full. Times in microseconds. */
void sched_init_budget(struct thread *thread, uint32_t budget_us, uint32_t period_us);

/** Whether `thread` wants to run, apart from its budget. */
bool sched_is_runnable(const struct thread *thread);

/** `thread` may have become runnable, or ceased to be: queue it or take it out. */
void sched_update(struct thread *thread);

/**
 * Like sched_update() for a thread that an event has just made runnable, but in front of its equals: it runs
 * at once on what is left of its slice, and goes behind them when that is used up. So who is woken by a
 * packet handles it before its sender goes on, and nobody gets more than his share. A vCPU with others of its
 * VM in line joins those, at the end: one of them may hold a lock that it would only spin for.
 */
void sched_wake_first(struct thread *thread);

/** The same for one whose exit is done: it goes on before its equals, apart from those that an event has
 * woken meanwhile. */
void sched_resume(struct thread *thread);

/** The same, but next after the first of its equals, which goes on: for packets that are many, where turns
 * cost more. */
void sched_wake_next(struct thread *thread);

/**
 * `thread`, which did not run, pays `used` ticks for what was done for it by `now`. If that uses up its
 * budget it goes behind its equals, or waits for its next period, or as many as it takes.
 */
void sched_pay(struct thread *thread, uint64_t used, uint64_t now);

/** `thread` has run for `used` ticks. If that uses up its budget it goes behind its equals, or is off. */
void sched_spend(struct thread *thread, uint64_t used, uint64_t now);

/** Wake vCPU `thread` (THREAD_IDLE) at `time`; ARCH_NEVER: forget it. */
void sched_wake_at(struct thread *thread, uint64_t time);

/**
 * Time has passed: full budgets, wake-ups (before their equals). Returns a thread that goes on for that, or
 * NULL.
 */
struct thread *sched_release(struct core *core, uint64_t now);

/** The first in line that may run, NULL: nobody. */
struct thread *sched_first(struct core *core);

/** Time has passed: the running vCPU's turn among those of its VM may be over. */
void sched_rotate(struct core *core, uint64_t now);
/** The running vCPU has nothing to do before another one of its VM has done something: that one's turn comes.
 * False: none is in line with it. */
bool sched_yield_to_sibling(struct core *core);

/** The running vCPU has sent an interrupt to one of its VM on this core, and may wait for what comes of it: its turn
 * ends soon. */
void sched_expect_sibling(struct core *core);

/** Whether `thread` is a vCPU with others of its VM on its core. */
static inline bool sched_shares_core(const struct thread *thread)
{
    return thread->kind == THREAD_VCPU && kernel_vcpu_const(thread)->shares_core;
}

/** `next` runs (`changes`: another one ran before): its turn among the vCPUs of its VM begins, if any other
 * can run. */
void sched_begin_turn(struct core *core, const struct thread *next, bool changes);

/** Whether `thread` shares its time with its equals by turns: it has no limit. */
bool sched_takes_turns(const struct thread *thread);

/** Whether the timer has to end the run of `thread` (NULL: no). */
bool sched_needs_slice(const struct thread *thread);

/** When budgets, wake-ups or the slice of `next`, which is to run, need the scheduler again. */
uint64_t sched_deadline(const struct core *core, const struct thread *next);
