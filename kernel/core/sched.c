/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/sched.h"

#include "kernel/core/account.h"
#include "kernel/core/budget.h"
#include "kernel/core/late.h"
#include "kernel/core/list.h"
#include "kernel/core/ptimer.h"
#include "kernel/core/vcpu.h"

#define READY offsetof(struct thread, ready)
#define BUDGET offsetof(struct thread, budget)
#define WAKEUP offsetof(struct thread, wakeup)

static uint64_t ticks(uint32_t microseconds)
{
    return (uint64_t)microseconds * arch_frequency() / 1000000u;
}

void sched_init_budget(struct thread *thread, uint32_t budget_us, uint32_t period_us)
{
    budget_init(&thread->own, ticks(budget_us), ticks(period_us));
    thread->payer = &thread->own;
}

bool sched_is_runnable(const struct thread *thread)
{
    return thread->state == THREAD_READY && !thread->suspended;
}

static void enqueue(struct thread *thread)
{
    struct core *core = thread->core;

    list_append(&core->ready[thread->priority], thread, READY);
    core->ready_bits[thread->priority / 64] |= 1ull << (thread->priority % 64);
}

/* In front of its equals, the running one included. */
static void enqueue_first(struct thread *thread)
{
    struct core *core = thread->core;

    list_prepend(&core->ready[thread->priority], thread, READY);
    core->ready_bits[thread->priority / 64] |= 1ull << (thread->priority % 64);
}

static void dequeue(struct thread *thread)
{
    struct core *core = thread->core;

    list_remove(thread, READY);
    if (core->ready[thread->priority].head == NULL)
        core->ready_bits[thread->priority / 64] &= ~(1ull << (thread->priority % 64));
}

void sched_update(struct thread *thread)
{
    bool runnable = sched_is_runnable(thread);

    if (thread->wakeup.list != NULL && thread->state != THREAD_IDLE)
        list_remove(thread, WAKEUP);
    if (runnable && thread->payer->throttled) {
        if (list_contains(thread, READY))
            dequeue(thread);
        if (!list_contains(thread, BUDGET))
            list_append(&thread->core->throttled, thread, BUDGET);
        return;
    }
    list_remove(thread, BUDGET);
    if (runnable && !list_contains(thread, READY))
        enqueue(thread);
    else if (!runnable && list_contains(thread, READY))
        dequeue(thread);
}

/* Behind the first of its equals. */
static void enqueue_next(struct thread *thread)
{
    struct thread *first = thread->core->ready[thread->priority].head;

    enqueue_first(thread);
    if (first != NULL) {
        list_remove(first, READY);
        list_prepend(&thread->core->ready[thread->priority], first, READY);
    }
}

static void wake(struct thread *thread, void (*put)(struct thread *thread))
{
    struct budget *budget = thread->payer;

    if (budget->remaining <= 0)
        budget_renew(budget, arch_now());
    if (sched_is_runnable(thread) && !budget->throttled && !list_contains(thread, READY)) {
        list_remove(thread, WAKEUP);
        list_remove(thread, BUDGET);
        /* Without anything left of its slice it goes behind its equals. */
        if (budget->remaining <= 0)
            enqueue(thread);
        else
            put(thread);
        return;
    }
    sched_update(thread);
}

void sched_wake_first(struct thread *thread)
{
    wake(thread, enqueue_first);
}

void sched_wake_next(struct thread *thread)
{
    wake(thread, enqueue_next);
}

static bool takes_turns(const struct thread *thread)
{
    return budget_is_round_robin(thread->payer);
}

static bool has_equals(struct thread *thread)
{
    return thread->ready.next != NULL || thread->ready.prev != NULL;
}

/* The budget that `thread` runs on has just been used up, by it or by others for it. */
static void use_up(struct thread *thread, uint64_t now)
{
    struct budget *budget = thread->payer;
    const bool waits = list_contains(thread, READY);

    if (thread->kind == THREAD_VCPU && thread->state != THREAD_IDLE && thread->state != THREAD_OFF)
        vcpu_paused(kernel_vcpu(thread));
    if (!budget_is_round_robin(budget)) {
        budget->throttled = true;
        sched_update(thread);
        return;
    }
    /* While it sleeps, or has no equals, a debt is repaid by time; else by turns, see replenish(). */
    budget->window_end = now + budget->period;
    if (waits && has_equals(thread)) {
        dequeue(thread);
        enqueue(thread);
    }
}

void sched_pay(struct thread *thread, uint64_t used, uint64_t now)
{
    struct budget *budget = thread->payer;
    const bool was_throttled = budget->throttled;

    /* As it was when that began. Turns are not given by time to who waits for one, nor needed while some is
       left. */
    if (!takes_turns(thread) || (budget->remaining <= 0 && !list_contains(thread, READY)))
        budget_renew(budget, now - used);
    if (budget_spend(budget, used))
        use_up(thread, now);
    else if (was_throttled && !budget->throttled)
        sched_update(thread);
    else if (was_throttled)
        thread->core->stale = true; /* it is off for longer */
}

/* Charge `thread`, which has run for `used`, and who it worked for. */
static void charge_thread(struct thread *thread, uint64_t used, uint64_t now)
{
    if (budget_spend(thread->payer, used))
        use_up(thread, now);
    if (thread->kind == THREAD_PD)
        account_charge(kernel_pd(thread), used, now);
}

/* `used` ticks were not the running thread's: its slice ends that much later. */
static void skip_to(struct core *core, uint64_t used)
{
    core->slice_start += used;
    core->stale = core->stale || core->has_slice;
}

/* Charge `thread` for a run, with or without the end of a slice. Without equals it had none, and took nothing
   from anybody by using more. */
static void charge_run(struct thread *thread, bool had_slice, uint64_t used, uint64_t now)
{
    if (!had_slice && (int64_t)used > thread->payer->remaining)
        thread->payer->remaining = (int64_t)used;
    charge_thread(thread, used, now);
}

/* Charge the running thread for the time since it was last charged. */
static void charge(struct core *core, uint64_t now)
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

void sched_interrupt(struct core *core, uint64_t since, struct thread *thread)
{
    if (thread == NULL || thread == core->current || core->current == NULL)
        return;
    const uint64_t now = arch_now();
    const uint64_t used = now - (since > core->slice_start ? since : core->slice_start);

    skip_to(core, used);
    if (thread->kind == THREAD_PD)
        account_charge(kernel_pd(thread), used, now);
    /* The way in and out, and on to whoever it wakes, cannot be timed from here: it takes twice as long
     * again. */
    sched_pay(thread, 3 * used, now);
}

void sched_set_payer(struct thread *thread, struct budget *payer)
{
    if (thread->payer == payer)
        return;
    /* What it has run up to now was on the other's time. */
    if (thread == thread->core->current)
        charge(thread->core, arch_now());
    thread->payer = payer;
    thread->core->stale = true;
    sched_update(thread);
}

void sched_give_way(struct core *core)
{
    struct thread *thread = core->current;

    if (thread == NULL)
        return;
    core->stale = true;
    charge(core, arch_now());
    if (thread->payer->remaining > 0) {
        thread->payer->remaining = 0;
        use_up(thread, core->slice_start);
    }
}

void sched_wake_at(struct thread *thread, uint64_t time)
{
    list_remove(thread, WAKEUP);
    thread->wakeup_time = time;
    if (time != ARCH_NEVER)
        list_append(&thread->core->wakeups, thread, WAKEUP);
}

struct thread *sched_tick(struct core *core)
{
    struct thread *woken = NULL;
    uint64_t now = arch_now();
    struct thread *next;

    /* The timer's interrupt is a level: it stays until the timer is set to a later time or switched off, and
       there may be no next deadline. */
    core->deadline = ARCH_NEVER;
    core->stale = true;
    arch_timer_set(core, ARCH_NEVER);
    charge(core, now);
    for (struct thread *thread = core->throttled.head; thread != NULL; thread = next) {
        next = thread->budget.next;
        /* Several may wait for one budget: the first one finds it full, the others have it filled for them.
         */
        if (thread->payer->throttled)
            budget_renew(thread->payer, now);
        if (!thread->payer->throttled) {
            sched_update(thread);
            woken = thread;
        }
    }
    for (struct thread *thread = core->wakeups.head; thread != NULL; thread = next) {
        next = thread->wakeup.next;
        if (now < thread->wakeup_time)
            continue;
        thread->state = THREAD_READY;
        sched_wake_first(thread);
        woken = thread;
    }
    next = ptimer_tick(core, now);
    late_tick(core, now);
    return next != NULL ? next : woken;
}

static struct thread *top(const struct core *core)
{
    for (uint32_t word = CORE_PRIORITIES / 64; word-- > 0;) {
        if (core->ready_bits[word] != 0) {
            uint32_t bit = 63 - (uint32_t)__builtin_clzll(core->ready_bits[word]);

            return core->ready[word * 64 + bit].head;
        }
    }
    return NULL;
}

/*
 * The first in line has used up its slices: deficit round robin. Each turn adds one to everybody's, until the
 * first one has something left. All those turns are taken at once, since somebody may owe many.
 */
static void replenish(struct core *core, struct thread *first)
{
    struct thread_list *queue = &core->ready[first->priority];
    uint64_t turns = UINT64_MAX;
    struct thread *next;

    for (const struct thread *thread = queue->head; thread != NULL; thread = thread->ready.next) {
        const uint64_t needed = takes_turns(thread) ? budget_turns(thread->payer) : 0;

        turns = needed < turns ? needed : turns;
    }
    for (struct thread *thread = queue->head; turns > 1 && thread != NULL; thread = thread->ready.next)
        thread->payer->remaining += (int64_t)((turns - 1) * thread->payer->budget);
    for (struct thread *thread = queue->head; thread != NULL; thread = next) {
        struct budget *budget = thread->payer;
        next = thread->ready.next;

        if (!has_equals(thread))
            budget->remaining = (int64_t)budget->budget;
        else if (takes_turns(thread) && budget->remaining <= 0)
            budget->remaining += (int64_t)budget->budget;
        if (!takes_turns(thread) || budget->remaining > 0)
            return;
        dequeue(thread);
        enqueue(thread);
    }
}

/* The first in line that may run. One whose budget another thread has used up, or that pays for what was done
   for it, is taken out of the line when its turn would come. */
static struct thread *first(struct core *core)
{
    struct thread *thread;

    while ((thread = top(core)) != NULL && thread->payer->remaining <= 0) {
        if (takes_turns(thread))
            replenish(core, thread);
        else
            sched_update(thread);
    }
    return thread;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_deadline(const struct core *core, const struct thread *next)
{
    uint64_t deadline = ptimer_deadline(core);

    /* A round-robin thread without equals needs no slice. */
    if (core->has_slice)
        deadline = earliest(deadline, core->slice_start + (uint64_t)next->payer->remaining);
    for (const struct thread *thread = core->throttled.head; thread != NULL; thread = thread->budget.next)
        deadline = earliest(deadline, budget_release(thread->payer));
    for (const struct thread *thread = core->wakeups.head; thread != NULL; thread = thread->wakeup.next)
        deadline = earliest(deadline, thread->wakeup_time);
    for (const struct thread *thread = core->late_pds.head; thread != NULL; thread = thread->late.next)
        deadline = earliest(deadline, thread->late_time);
    for (const struct thread *thread = core->late_vcpus.head; thread != NULL; thread = thread->late.next)
        deadline = earliest(deadline, thread->late_time);
    return deadline;
}

static bool needs_slice(const struct thread *thread)
{
    return thread != NULL && (!takes_turns(thread) || thread->ready.next != NULL);
}

/* The running thread gives way to `next`. If it can go on it is charged now, which may change who is next;
   what it takes to stop is charged by settle(), with the switch. */
static struct thread *leave(struct core *core, struct thread *next)
{
    struct thread *thread = core->current;

    const bool stops = thread != NULL && !sched_is_runnable(thread);

    core->leaving = stops ? thread : NULL;
    core->had_slice = core->has_slice;
    /* It may have run for `next`, whose next period begins below: pay first. */
    if (stops && (next == NULL || takes_turns(next)))
        return next;
    charge(core, arch_now());
    return first(core);
}

/* Most exits change nothing of what this depends on: the lists of threads (list.c), budgets, the timer. */
struct thread *sched_pick(struct core *core)
{
    struct thread *next;

    if (!core->stale)
        return core->current;
    next = first(core);
    if (next != core->current && core->late_pds.head != NULL) {
        late_flush(core);
        next = first(core);
    }
    if (next == core->current && !core->has_slice && needs_slice(next)) {
        charge(core, arch_now());
        next = first(core);
    }
    if (next != core->current) {
        next = leave(core, next);
        if (next != NULL && next != core->current)
            kernel_count(core, SYSCALL_COUNTER_SWITCHES);
        core->current = next;
        if (next != NULL && !takes_turns(next))
            budget_renew(next->payer, arch_now());
    }
    core->has_slice = needs_slice(next);
    uint64_t deadline = next_deadline(core, next);
    if (deadline != core->deadline) {
        core->deadline = deadline;
        arch_timer_set(core, deadline);
    }
    core->stale = false;
    return next;
}

/* Who has stopped by itself pays for its run, and for the way to whoever goes on. */
static void settle(struct core *core)
{
    struct thread *thread = core->leaving;
    const uint64_t now = arch_now();
    const uint64_t used = now - core->slice_start;

    core->leaving = NULL;
    skip_to(core, used);
    charge_run(thread, core->had_slice, used, now);
}

struct thread *sched_enter(struct core *core)
{
    struct thread *thread;

    /* A vCPU that sleeps keeps its timer in the hardware until another one is loaded; then its wake-up is the
       core's, and so is the time to set the core's timer for. And who has stopped may have to pay more than
       whoever goes on has: another turn changes nothing else. */
    do {
        thread = sched_pick(core);
        if (thread != NULL && thread != core->world)
            arch_switch(core, thread);
        if (core->leaving != NULL)
            settle(core);
    } while (core->stale);
    return thread;
}
