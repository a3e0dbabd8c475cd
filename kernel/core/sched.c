/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/sched.h"

#include "kernel/core/late.h"
#include "kernel/core/list.h"
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
    uint64_t budget = ticks(budget_us);
    uint64_t period = ticks(period_us);

    thread->own = (struct budget){.budget = budget != 0 ? budget : 1, .period = period != 0 ? period : 1};
    thread->own.remaining = thread->own.budget;
    thread->payer = &thread->own;
}

static bool is_round_robin(const struct budget *budget)
{
    return budget->budget >= budget->period;
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
    if (sched_is_runnable(thread) && !thread->payer->throttled && !list_contains(thread, READY)) {
        list_remove(thread, WAKEUP);
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

void sched_answered(struct thread *thread, uint64_t since)
{
    struct budget *budget = &thread->own;
    const uint64_t used = arch_now() - since;

    if (used < budget->remaining) {
        budget->remaining -= used;
        sched_wake_first(thread);
        return;
    }
    budget->remaining = is_round_robin(budget) ? budget->budget : 0;
    budget->throttled = !is_round_robin(budget);
    sched_update(thread);
}

void sched_ask(struct thread *thread)
{
    if (!is_round_robin(thread->payer))
        thread->core->patron = thread;
}

/* Whether that uses the budget up. */
static bool spend(struct budget *budget, uint64_t used)
{
    if (used < budget->remaining) {
        budget->remaining -= used;
        return false;
    }
    budget->remaining = 0;
    return true;
}

/* `thread` has used so much; who has asked for that pays as well, unless it is his time already: a passive
 * server's. */
static void charge_patron(struct core *core, const struct thread *thread, uint64_t used)
{
    struct thread *patron = core->patron;

    if (patron == NULL || patron->payer == thread->payer || !spend(patron->payer, used))
        return;
    patron->payer->throttled = true;
    core->patron = NULL;
    sched_update(patron);
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
    charge_patron(core, thread, used);
    struct budget *budget = thread->payer;
    if (!spend(budget, used))
        return;
    if (thread->kind == THREAD_VCPU)
        vcpu_paused(kernel_vcpu(thread));
    if (!is_round_robin(budget)) {
        budget->throttled = true;
        sched_update(thread);
        return;
    }
    budget->remaining = budget->budget;
    if (list_contains(thread, READY)) {
        dequeue(thread);
        enqueue(thread);
    }
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
    if (!is_round_robin(thread->payer)) {
        thread->payer->remaining = 0;
        thread->payer->throttled = true;
        sched_update(thread);
    } else if (list_contains(thread, READY)) {
        thread->payer->remaining = thread->payer->budget;
        dequeue(thread);
        enqueue(thread);
    }
}

void sched_wake_at(struct thread *thread, uint64_t time)
{
    list_remove(thread, WAKEUP);
    thread->wakeup_time = time;
    if (time != ARCH_NEVER)
        list_append(&thread->core->wakeups, thread, WAKEUP);
}

/* A period starts with the first run after the last one ended. */
static void start_window(struct budget *budget, uint64_t now)
{
    if (is_round_robin(budget) || now < budget->window_end)
        return;
    budget->window_end = now + budget->period;
    budget->remaining = budget->budget;
    budget->throttled = false;
}

void sched_tick(struct core *core)
{
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
            start_window(thread->payer, now);
        sched_update(thread);
    }
    for (struct thread *thread = core->wakeups.head; thread != NULL; thread = next) {
        next = thread->wakeup.next;
        if (now < thread->wakeup_time)
            continue;
        thread->state = THREAD_READY;
        sched_wake_first(thread);
    }
    late_tick(core, now);
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

/* The first in line that may run. One whose budget another thread has used up, or that pays for what was done
   for it, is taken out of the line when its turn would come. */
static struct thread *first(const struct core *core)
{
    struct thread *thread;

    while ((thread = top(core)) != NULL && thread->payer->throttled)
        sched_update(thread);
    return thread;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_deadline(const struct core *core, const struct thread *next)
{
    uint64_t deadline = ARCH_NEVER;

    /* A round-robin thread without equals needs no slice. */
    if (next != NULL && (!is_round_robin(next->payer) || next->ready.next != NULL))
        deadline = core->slice_start + next->payer->remaining;
    for (const struct thread *thread = core->throttled.head; thread != NULL; thread = thread->budget.next)
        deadline = earliest(deadline, thread->payer->window_end);
    for (const struct thread *thread = core->wakeups.head; thread != NULL; thread = thread->wakeup.next)
        deadline = earliest(deadline, thread->wakeup_time);
    for (const struct thread *thread = core->late_pds.head; thread != NULL; thread = thread->late.next)
        deadline = earliest(deadline, thread->late_time);
    for (const struct thread *thread = core->late_vcpus.head; thread != NULL; thread = thread->late.next)
        deadline = earliest(deadline, thread->late_time);
    return deadline;
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
    if (next != core->current) {
        uint64_t now = arch_now();

        charge(core, now);
        next = first(core);
        if (next != NULL && next != core->current)
            kernel_count(core, SYSCALL_COUNTER_SWITCHES);
        core->current = next;
        if (core->patron != NULL && (next == NULL || next->priority <= core->patron->priority))
            core->patron = NULL;
        if (next != NULL)
            start_window(next->payer, now);
    }
    uint64_t deadline = next_deadline(core, next);
    if (deadline != core->deadline) {
        core->deadline = deadline;
        arch_timer_set(core, deadline);
    }
    core->stale = false;
    return next;
}

struct thread *sched_enter(struct core *core)
{
    struct thread *thread;

    /* A vCPU that sleeps keeps its timer in the hardware until another one is loaded; then its wake-up is the
       core's, and so is the time to set the core's timer for. A second turn changes nothing but that. */
    while ((thread = sched_pick(core)) != NULL && thread != core->world)
        arch_switch(core, thread);
    return thread;
}
