/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues, budgets and wake-ups of a core. What follows from a change is others' to do: it is only noted here
   (core->need_resched, core->expired). */
#include "kernel/core/sched.h"

#include "kernel/core/budget.h"
#include "kernel/core/list.h"

#define READY offsetof(struct thread, ready)
#define BUDGET offsetof(struct thread, budget)
#define WAKEUP offsetof(struct thread, wakeup)
#define EXPIRED offsetof(struct thread, expired)
#define SIBLING_TURN_US 200u
#define SIBLING_SGI_US 20u

static uint64_t ticks(uint32_t microseconds)
{
    return (uint64_t)microseconds * arch_frequency() / 1000000u;
}

void sched_init_budget(struct thread *thread, uint32_t budget_us, uint32_t period_us)
{
    budget_init(&thread->own, ticks(budget_us), ticks(period_us));
    thread->budget_owner = &thread->own;
    thread->core->equals[thread->priority]++;
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
    if (core->ready[thread->priority].head == NULL) {
        core->ready_bits[thread->priority / 64] &= ~(1ull << (thread->priority % 64));
    }
}

void sched_update(struct thread *thread)
{
    bool runnable = sched_is_runnable(thread);

    if (thread->wakeup.list != NULL && thread->state != THREAD_IDLE) {
        list_remove(thread, WAKEUP);
    }
    if (runnable && thread->budget_owner->throttled) {
        if (list_contains(thread, READY)) {
            dequeue(thread);
        }
        if (!list_contains(thread, BUDGET)) {
            list_append(&thread->core->throttled, thread, BUDGET);
        }
        return;
    }
    list_remove(thread, BUDGET);
    if (runnable && !list_contains(thread, READY)) {
        enqueue(thread);
    } else if (!runnable && list_contains(thread, READY)) {
        dequeue(thread);
    }
}

static bool are_siblings(const struct thread *a, const struct thread *b)
{
    return a->kind == THREAD_VCPU && b->kind == THREAD_VCPU &&
           kernel_vcpu_const(a)->vm_first == kernel_vcpu_const(b)->vm_first;
}

/* The last of the vCPUs of its VM that stand in line with `thread`, or behind it. */
static struct thread *last_of_group(struct thread *thread)
{
    while (thread->ready.next != NULL && are_siblings(thread->ready.next, thread)) {
        thread = thread->ready.next;
    }
    return thread;
}

/* The first one of its VM in line, NULL: none. */
static struct thread *first_sibling(const struct thread *thread)
{
    struct thread *first = thread->core->ready[thread->priority].head;

    while (first != NULL && !are_siblings(first, thread)) {
        first = first->ready.next;
    }
    return first;
}

/* To other VMs a VM's vCPUs are like one: whoever is woken joins those that run already, or wait for the VM's
   turn, and goes behind them: one of them may hold a lock that it would only spin for. */
static bool join_siblings(struct thread *thread)
{
    struct thread *first = sched_shares_core(thread) ? first_sibling(thread) : NULL;

    if (first == NULL) {
        return false;
    }
    list_insert_after(last_of_group(first), thread, READY);
    return true;
}

static void enqueue_woken(struct thread *thread)
{
    if (!join_siblings(thread)) {
        thread->woken = true;
        enqueue_first(thread);
    }
}

/* In front of its equals, but behind those that events have woken and that have not run yet. Not behind one of
   its own VM: whoever goes on after an exit may hold a lock that the other one would spin for. */
static void enqueue_resumed(struct thread *thread)
{
    struct thread *woken = NULL;

    for (struct thread *next = thread->core->ready[thread->priority].head;
         next != NULL && next->woken && !are_siblings(next, thread); next = next->ready.next) {
        woken = next;
    }
    if (woken == NULL) {
        enqueue_first(thread);
    } else {
        list_insert_after(woken, thread, READY);
    }
}

/* Behind the first of its equals. */
static void enqueue_next(struct thread *thread)
{
    struct thread *first = thread->core->ready[thread->priority].head;

    if (join_siblings(thread)) {
        return;
    }
    enqueue_first(thread);
    if (first != NULL) {
        list_remove(first, READY);
        list_prepend(&thread->core->ready[thread->priority], first, READY);
    }
}

/* `budget` has something left again: whoever waits for it goes on, except `thread`. */
static void release_others(const struct budget *budget, const struct thread *thread)
{
    struct thread *next;

    for (struct thread *other = thread->core->throttled.head; other != NULL; other = next) {
        next = other->budget.next;
        if (other != thread && other->budget_owner == budget) {
            sched_update(other);
        }
    }
}

static void wake(struct thread *thread, void (*put)(struct thread *thread))
{
    struct budget *budget = thread->budget_owner;
    const bool was_throttled = budget->throttled;

    if (budget->remaining <= 0) {
        budget_renew(budget, arch_now());
    }
    if (was_throttled && !budget->throttled) {
        release_others(budget, thread);
    }
    if (sched_is_runnable(thread) && !budget->throttled && !list_contains(thread, READY)) {
        list_remove(thread, WAKEUP);
        list_remove(thread, BUDGET);
        /* Without anything left of its slice it goes behind its equals. */
        if (budget->remaining <= 0) {
            enqueue(thread);
        } else {
            put(thread);
        }
        return;
    }
    sched_update(thread);
}

/* It has slept: whoever goes on after an exit has not, and earns nothing. */
static void earn(struct thread *thread)
{
    if (sched_takes_turns(thread)) {
        budget_earn(thread->budget_owner, arch_now(), thread->core->equals[thread->priority]);
    }
}

void sched_wake_first(struct thread *thread)
{
    earn(thread);
    wake(thread, enqueue_woken);
}

void sched_resume(struct thread *thread)
{
    wake(thread, enqueue_resumed);
}

void sched_wake_next(struct thread *thread)
{
    earn(thread);
    wake(thread, enqueue_next);
}

bool sched_takes_turns(const struct thread *thread)
{
    return budget_is_round_robin(thread->budget_owner);
}

static bool has_equals(struct thread *thread)
{
    return thread->ready.next != NULL || thread->ready.prev != NULL;
}

/*
 * vCPUs of one VM share their slices: the one that runs goes behind the others that can after a short turn,
 * so that one that spins for what another one has to do costs a turn at most.
 */
void sched_rotate(struct core *core, uint64_t now)
{
    struct thread *thread = core->current;

    if (thread == NULL || core->turn_end == ARCH_NEVER || now < core->turn_end ||
        !list_contains(thread, READY) || thread->ready.prev != NULL) {
        return;
    }
    core->turn_end = ARCH_NEVER;
    struct thread *last = last_of_group(thread);
    if (last == thread) {
        return;
    }
    list_remove(thread, READY);
    list_insert_after(last, thread, READY);
}

/* A turn begins with its thread's run, and as soon as there is somebody to share with. */
void sched_begin_turn(struct core *core, const struct thread *next, bool changes)
{
    const struct thread *other = next != NULL ? next->ready.next : NULL;

    if (other == NULL || !are_siblings(next, other)) {
        core->turn_end = ARCH_NEVER;
    } else if (changes || core->turn_end == ARCH_NEVER) {
        core->turn_end = arch_now() + ticks(SIBLING_TURN_US);
    }
}

bool sched_yield_to_sibling(struct core *core)
{
    if (core->turn_end == ARCH_NEVER) {
        return false;
    }
    core->turn_end = 0;
    sched_rotate(core, 0);
    return true;
}

void sched_expect_sibling(struct core *core)
{
    const uint64_t end = arch_now() + ticks(SIBLING_SGI_US);

    if (end < core->turn_end) {
        core->turn_end = end;
        core->need_resched = true;
    }
}

/* Behind its equals. vCPUs of its VM that stand in line with it come along, in their order: none of them would
   get far without it if it holds a lock. */
static void requeue(struct thread *thread)
{
    struct thread *const end = last_of_group(thread)->ready.next;
    struct thread *first = thread;

    while (end != NULL && first->ready.prev != NULL && are_siblings(first->ready.prev, thread)) {
        first = first->ready.prev;
    }
    do {
        struct thread *next = first->ready.next;

        dequeue(first);
        enqueue(first);
        first = next;
    } while (end != NULL && first != end);
}

/* The budget that `thread` runs on has just been used up, by it or by others for it. */
static void use_up(struct thread *thread, uint64_t now)
{
    struct budget *budget = thread->budget_owner;
    const bool waits = list_contains(thread, READY);

    if (thread->kind == THREAD_VCPU && thread->state != THREAD_IDLE && thread->state != THREAD_OFF &&
        !list_contains(thread, EXPIRED)) {
        list_append(&thread->core->expired, thread, EXPIRED);
    }
    if (!budget_is_round_robin(budget)) {
        budget->throttled = true;
        sched_update(thread);
        return;
    }
    /* While it sleeps, or has no equals, a debt is repaid by time; else by turns, see replenish(). */
    budget->window_end = now + budget->period;
    if (waits && has_equals(thread)) {
        requeue(thread);
    }
}

void sched_pay(struct thread *thread, uint64_t used, uint64_t now)
{
    struct budget *budget = thread->budget_owner;
    const bool was_throttled = budget->throttled;

    /* As it was when that began. Turns are not given by time to who waits for one, nor needed while some is
       left. */
    if (!sched_takes_turns(thread) || (budget->remaining <= 0 && !list_contains(thread, READY))) {
        budget_renew(budget, now - used);
    }
    if (was_throttled && !budget->throttled) {
        release_others(budget, thread);
    }
    if (budget_spend(budget, used)) {
        use_up(thread, now);
    } else if (was_throttled && !budget->throttled) {
        sched_update(thread);
    } else if (was_throttled) {
        thread->core->need_resched = true; /* it is off for longer */
    }
}

void sched_spend(struct thread *thread, uint64_t used, uint64_t now)
{
    if (budget_spend(thread->budget_owner, used)) {
        use_up(thread, now);
    }
}

void sched_wake_at(struct thread *thread, uint64_t time)
{
    list_remove(thread, WAKEUP);
    thread->wakeup_time = time;
    if (time != ARCH_NEVER) {
        list_append(&thread->core->wakeups, thread, WAKEUP);
    }
}

struct thread *sched_release(struct core *core, uint64_t now)
{
    struct thread *woken = NULL;
    struct thread *next;

    for (struct thread *thread = core->throttled.head; thread != NULL; thread = next) {
        next = thread->budget.next;
        /* Several may wait for one budget: the first one finds it full, the others have it filled for them.
         */
        if (thread->budget_owner->throttled) {
            budget_renew(thread->budget_owner, now);
        }
        if (!thread->budget_owner->throttled) {
            sched_update(thread);
            woken = thread;
        }
    }
    for (struct thread *thread = core->wakeups.head; thread != NULL; thread = next) {
        next = thread->wakeup.next;
        if (now < thread->wakeup_time) {
            continue;
        }
        thread->state = THREAD_READY;
        sched_wake_first(thread);
        woken = thread;
    }
    return woken;
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
        const uint64_t needed = sched_takes_turns(thread) ? budget_turns(thread->budget_owner) : 0;

        turns = needed < turns ? needed : turns;
    }
    for (struct thread *thread = queue->head; turns > 1 && thread != NULL; thread = thread->ready.next) {
        thread->budget_owner->remaining += (int64_t)((turns - 1) * thread->budget_owner->budget);
    }
    for (struct thread *thread = queue->head; thread != NULL; thread = next) {
        struct budget *budget = thread->budget_owner;
        next = thread->ready.next;

        if (!has_equals(thread)) {
            budget->remaining = (int64_t)budget->budget;
        } else if (sched_takes_turns(thread) && budget->remaining <= 0) {
            budget->remaining += (int64_t)budget->budget;
        }
        if (!sched_takes_turns(thread) || budget->remaining > 0) {
            return;
        }
        dequeue(thread);
        enqueue(thread);
    }
}

/* One whose budget another thread has used up, or that pays for what was done
   for it, is taken out of the line when its turn would come. */
struct thread *sched_first(struct core *core)
{
    struct thread *thread;

    while ((thread = top(core)) != NULL && thread->budget_owner->remaining <= 0) {
        if (sched_takes_turns(thread)) {
            replenish(core, thread);
        } else {
            sched_update(thread);
        }
    }
    return thread;
}

static uint64_t earliest(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t sched_deadline(const struct core *core, const struct thread *next)
{
    uint64_t deadline = ARCH_NEVER;

    /* A round-robin thread without equals needs no slice. */
    if (core->has_slice) {
        deadline = core->slice_start + (uint64_t)next->budget_owner->remaining;
    }
    deadline = earliest(deadline, core->turn_end);
    for (const struct thread *thread = core->throttled.head; thread != NULL; thread = thread->budget.next) {
        deadline = earliest(deadline, budget_release(thread->budget_owner));
    }
    for (const struct thread *thread = core->wakeups.head; thread != NULL; thread = thread->wakeup.next) {
        deadline = earliest(deadline, thread->wakeup_time);
    }
    return deadline;
}

bool sched_needs_slice(const struct thread *thread)
{
    return thread != NULL && (!sched_takes_turns(thread) || thread->ready.next != NULL);
}
