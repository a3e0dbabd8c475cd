/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The scheduler of a core: fixed priorities 0..254, preemptive, first in first out within a priority,
 * budgets (budget.h).
 *
 * A thread that runs stays at the head of its queue until it blocks, yields or has used its time. With
 * budget < period it is throttled when the budget is used up, until its period ends, or as many periods as it
 * owes. With budget == period the budget is the time slice of round robin among equals, and who owes for what
 * others did for it is passed over as often: deficit round robin. A vCPU pays for itself, its VMM, its share
 * of services (account.h) and the interrupts and switches that it causes.
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
 * packet handles it before its sender goes on, and nobody gets more than his share.
 */
void sched_wake_first(struct thread *thread);

/** The same, but next after the first of its equals, which goes on: for packets that are many, where turns
 * cost more. */
void sched_wake_next(struct thread *thread);

/**
 * `thread`, which did not run, pays `used` ticks for what was done for it by `now`. If that uses up its
 * budget it goes behind its equals, or waits for its next period, or as many as it takes.
 */
void sched_pay(struct thread *thread, uint64_t used, uint64_t now);

/**
 * What the core did since `since` was an interrupt for `thread` (NULL: for whoever runs): that pays for it,
 * not who was interrupted. (While nobody runs it costs nobody anything.)
 */
void sched_interrupt(struct core *core, uint64_t since, struct thread *thread);

/** The running thread gives up the rest of its slice: behind its equals, or until its next period. */
void sched_give_way(struct core *core);

/** Wake vCPU `thread` (THREAD_IDLE) at `time`; ARCH_NEVER: forget it. */
void sched_wake_at(struct thread *thread, uint64_t time);

/**
 * The core's timer fired: full budgets, wake-ups (before their equals), end of slice. Returns a thread that
 * is to pay for that, since it goes on now, or NULL.
 */
struct thread *sched_tick(struct core *core);

/** Who runs next, NULL: nobody. Becomes core->current; the timer is set for what comes next. */
struct thread *sched_pick(struct core *core);

/**
 * The same, with the thread's registers in the hardware when it returns (arch_switch()), and the timer set
 * for what that brought up as well.
 */
struct thread *sched_enter(struct core *core);

/** `thread` runs on the budget of `payer` from now on. */
void sched_set_payer(struct thread *thread, struct budget *payer);
