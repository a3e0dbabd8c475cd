/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The scheduler of a core: fixed priorities 0..254, preemptive, first in first out within a priority,
 * budgets.
 *
 * A thread that runs stays at the head of its queue until it blocks, yields or has used its time. With
 * budget < period it is throttled when the budget is used up, until its period ends; with budget == period
 * the budget is the time slice of round robin among equals.
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
 * Like sched_update() for a vCPU whose fault, raised at `since`, its VMM has just answered. The time until
 * now counts as the vCPU's own: it goes on in front of its equals if some of its slice or budget is left,
 * else behind them or in its next period. So an exit costs a guest no turn, and gains it nothing: a storm of
 * exits takes no more of the processor than a loop.
 */
void sched_answered(struct thread *thread, uint64_t since);

/**
 * The running `thread` has notified a PD of this core. What threads of higher priority do until one of its
 * own or a lower priority runs again is paid from its budget, too, if that is limited: else it could have a
 * service work all the time, to the loss of its equals, and never use up its own.
 */
void sched_ask(struct thread *thread);

/** The running thread gives up the rest of its slice: behind its equals, or until its next period. */
void sched_give_way(struct core *core);

/** Wake vCPU `thread` (THREAD_IDLE) at `time`; ARCH_NEVER: forget it. */
void sched_wake_at(struct thread *thread, uint64_t time);

/** The core's timer fired: full budgets, wake-ups (before their equals), end of slice. */
void sched_tick(struct core *core);

/** Who runs next, NULL: nobody. Becomes core->current; the timer is set for what comes next. */
struct thread *sched_pick(struct core *core);

/**
 * The same, with the thread's registers in the hardware when it returns (arch_switch()), and the timer set
 * for what that brought up as well.
 */
struct thread *sched_enter(struct core *core);

/** `thread` runs on the budget of `payer` from now on. */
void sched_set_payer(struct thread *thread, struct budget *payer);
