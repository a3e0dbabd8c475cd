/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scheduler's lists and who pays: any state of a core that satisfies the invariant, one event; the
 * invariant holds afterwards. The arithmetic of budgets is proved by itself (budget.c) and replaced here by
 * what it promises; so are the lists (list.c), which are used as they are.
 *
 * @contract Who is runnable is in exactly one list, and nobody else is in any; who waits for a budget has
 * none, however many wait for it; who is picked is the first of the most urgent that have something left;
 * time is taken from the budget of who ran, or was served, and from no other.
 * @bound 2 threads of a core, an equal or not, on either's budget; budgets below 8 ticks, debts below 16
 *
 * @with
 * kernel/core/kernel.h
 * - #define CORE_PRIORITIES 256u
 * + #define CORE_PRIORITIES 64u
 *
 * @run prove_update --unwind 3
 * @defect prove_update: who is runnable is in exactly one list
 * kernel/core/sched.c
 * -     list_remove(thread, BUDGET);
 * -     if (runnable && !list_contains(thread, READY)) {
 * +     if (runnable && !list_contains(thread, READY)) {
 *
 * @run prove_wake --unwind 3
 * @defect prove_wake: who is runnable is in exactly one list
 * kernel/core/sched.c
 * -     if (sched_is_runnable(thread) && !budget->throttled && !list_contains(thread, READY)) {
 * +     if (!budget->throttled && !list_contains(thread, READY)) {
 *
 * @run prove_pay --unwind 3
 * @defect prove_pay: nobody else pays
 * kernel/core/sched.c
 * -     if (budget_spend(budget, used)) {
 * -         use_up(thread, now);
 * -     } else if (was_throttled
 * +     if (budget_spend(&thread->own, used)) {
 * +         use_up(thread, now);
 * +     } else if (was_throttled
 *
 * @run prove_spend --unwind 3
 * @defect prove_spend: off exactly while nothing is left of a limit
 * kernel/core/sched.c
 * -         budget->throttled = true;
 * -         sched_update(thread);
 * -         return;
 * +         sched_update(thread);
 * +         return;
 *
 * @run prove_release --unwind 4
 * @defect prove_release: who waits for a budget has none
 * kernel/core/sched.c
 * -         if (!thread->budget_owner->throttled) {
 * -             sched_update(thread);
 * +         if (!thread->budget_owner->throttled && woken == NULL) {
 * +             sched_update(thread);
 *
 * @run prove_first --unwind 5
 * @defect prove_first: who is picked has something left
 * kernel/core/sched.c
 * -     while ((thread = top(core)) != NULL && thread->budget_owner->remaining <= 0) {
 * +     while ((thread = top(core)) != NULL && thread->budget_owner->throttled) {
 *
 * @run prove_deadline --unwind 4
 * @defect prove_deadline: the timer ends the wait for a budget
 * kernel/core/sched.c
 * -         deadline = earliest(deadline, budget_release(thread->budget_owner));
 * +         deadline = thread->budget_owner->remaining < -8 ? deadline : earliest(deadline,
 * budget_release(thread->budget_owner));
 */
#include "proofs/cbmc.h"

#include "kernel/core/budget.h"
#include "kernel/core/list.c"
#include "kernel/core/sched.c"

static struct core core;
static struct thread a, b;
static struct budget own_a, own_b; /* as they were before the event */
static uint64_t now;

uint64_t arch_now(void)
{
    return now;
}

uint64_t arch_frequency(void)
{
    return nondet_u64();
}

/* What proofs/budget.c proves of budget.c. */
void budget_init(struct budget *budget, uint64_t size, uint64_t period)
{
    *budget = (struct budget){.budget = size, .period = period, .remaining = (int64_t)size};
}

bool budget_spend(struct budget *budget, uint64_t used)
{
    const bool had_some = budget->remaining > 0;

    budget->remaining -= (int64_t)used;
    return had_some && budget->remaining <= 0;
}

void budget_renew(struct budget *budget, uint64_t at)
{
    const int64_t before = budget->remaining;
    const uint8_t rise = nondet_u8();

    if (at < budget->window_end) {
        return;
    }
    budget->remaining = before + (int64_t)rise;
    budget->window_end = nondet_u64();
    ASSUME(budget->remaining == (int64_t)budget->budget ||
           (rise >= budget->budget && budget->remaining < (int64_t)budget->budget));
    ASSUME(budget->window_end > at && budget->window_end <= at + budget->period);
    budget->throttled = !budget_is_round_robin(budget) && budget->remaining <= 0;
}

uint64_t budget_turns(const struct budget *budget)
{
    const uint64_t turns = nondet_u8();

    if (budget->remaining > 0) {
        return 0;
    }
    ASSUME(turns != 0 && budget->remaining + (int64_t)(turns * budget->budget) > 0 &&
           budget->remaining + (int64_t)((turns - 1) * budget->budget) <= 0);
    return turns;
}

static uint64_t release_a, release_b; /* when budget_release() said that there will be some */

uint64_t budget_release(const struct budget *budget)
{
    const uint64_t time = nondet_u64();

    ASSUME(time != 0 && time >= budget->window_end);
    *(budget == &a.own ? &release_a : &release_b) = time;
    return time;
}

static struct budget any_budget(void)
{
    struct budget budget = {.budget = nondet_u8() & 7u,
                            .period = nondet_u8() & 7u,
                            .remaining = (int64_t)(nondet_u8() & 7) - (int64_t)(nondet_u8() & 15),
                            .window_end = nondet_u8()};

    ASSUME(budget.budget != 0 && budget.budget <= budget.period &&
           budget.remaining <= (int64_t)budget.budget);
    budget.throttled = !budget_is_round_robin(&budget) && budget.remaining <= 0;
    return budget;
}

static void make_thread(struct thread *thread, uint8_t priority)
{
    const uint8_t state = nondet_u8();

    thread->core = &core;
    thread->kind = nondet_bool() ? THREAD_VCPU : THREAD_PD;
    thread->priority = priority;
    ASSUME(state <= THREAD_FAULTED);
    thread->state = (enum thread_state)state;
    thread->suspended = nondet_bool();
    thread->wakeup_time = nondet_u64();
    thread->own = any_budget();
    thread->budget_owner = nondet_bool() ? &a.own : &b.own;
}

/* Put it where the invariant has it. Who has become runnable, or whose budget another one has used up, may be
   in line until its turn comes. */
static void put(struct thread *thread)
{
    if (thread->state == THREAD_IDLE && nondet_bool()) {
        list_append(&core.wakeups, thread, WAKEUP);
    }
    if (thread->kind == THREAD_VCPU && nondet_bool()) {
        list_append(&core.expired, thread, EXPIRED);
    }
    if (!sched_is_runnable(thread)) {
        return;
    }
    if (thread->budget_owner->throttled && nondet_bool()) {
        list_append(&core.throttled, thread, BUDGET);
    } else {
        enqueue(thread);
    }
}

/* Any state of a core with two threads. The event is about `a`, which one of them is of no consequence. */
static void make(uint8_t other_priority)
{
    core.has_slice = nondet_bool();
    core.slice_start = nondet_u8();
    make_thread(&a, 1);
    make_thread(&b, other_priority);
    if (nondet_bool()) {
        put(&a);
        put(&b);
    } else {
        put(&b);
        put(&a);
    }
    own_a = a.own;
    own_b = b.own;
    now = nondet_u8();
}

/* `event` beside an equal, somebody less urgent, and somebody more urgent: constants for CBMC. */
static void with_any(void (*event)(void))
{
    const uint8_t choice = nondet_u8();

    if (choice == 0) {
        make(1);
        event();
    } else if (choice == 1) {
        make(0);
        event();
    } else {
        make(2);
        event();
    }
}

static void check_budget(const struct budget *budget)
{
    PROVE(budget->throttled == (!budget_is_round_robin(budget) && budget->remaining <= 0),
          "off exactly while nothing is left of a limit");
}

static void check_thread(const struct thread *thread)
{
    const bool ready = thread->ready.list != NULL, waits = thread->budget.list != NULL;
    const bool has_bit = (core.ready_bits[0] >> thread->priority & 1) != 0;

    PROVE(!(ready && waits) && sched_is_runnable(thread) == (ready || waits),
          "who is runnable is in exactly one list");
    PROVE(!waits || (thread->budget.list == &core.throttled && thread->budget_owner->throttled &&
                     thread->budget_owner->remaining <= 0),
          "who waits for a budget has none");
    PROVE(!ready || (thread->ready.list == &core.ready[thread->priority] && has_bit),
          "who is ready is in line for its priority");
    PROVE(thread->wakeup.list == NULL || thread->state == THREAD_IDLE, "only who is idle waits for a time");
}

static void check(void)
{
    check_thread(&a);
    check_thread(&b);
    check_budget(&a.own);
    check_budget(&b.own);
    PROVE((core.ready[0].head != NULL) == ((core.ready_bits[0] & 1) != 0) &&
              (core.ready[1].head != NULL) == ((core.ready_bits[0] & 2) != 0) &&
              (core.ready[2].head != NULL) == ((core.ready_bits[0] & 4) != 0) && core.ready_bits[0] < 8,
          "a priority's bit says whether anybody is in line");
}

static bool is_same(const struct budget *budget, const struct budget *before)
{
    return budget->remaining == before->remaining && budget->throttled == before->throttled &&
           budget->window_end == before->window_end;
}

/* Only `budget_owner`, if anybody's, has changed. */
static void check_others(const struct budget *budget_owner)
{
    PROVE((budget_owner == &a.own || is_same(&a.own, &own_a)) &&
              (budget_owner == &b.own || is_same(&b.own, &own_b)),
          "nobody else pays");
}

static void event_update(void)
{
    struct thread *const thread = &a;

    /* Whatever has happened to it. */
    thread->state = (enum thread_state)(nondet_u8() % (THREAD_FAULTED + 1u));
    thread->suspended = nondet_bool();
    thread->budget_owner = nondet_bool() ? &a.own : &b.own;
    sched_update(thread);
    check();
    check_others(NULL);
}

void prove_update(void)
{
    with_any(event_update);
}

static void event_wake(void)
{
    struct thread *const thread = &a;

    if (thread->state != THREAD_READY) {
        thread->state = nondet_bool() ? THREAD_READY : thread->state;
    }
    if (nondet_bool()) {
        sched_wake_first(thread);
    } else {
        sched_wake_next(thread);
    }
    check();
    check_others(thread->budget_owner);
}

void prove_wake(void)
{
    with_any(event_wake);
}

static void event_pay(void)
{
    struct thread *const thread = &a;
    const uint64_t used = nondet_u8() & 15u;

    ASSUME(used <= now);
    sched_pay(thread, used, now);
    check();
    check_others(thread->budget_owner);
}

void prove_pay(void)
{
    with_any(event_pay);
}

static void event_spend(void)
{
    struct thread *const thread = &a;
    const int64_t before = thread->budget_owner->remaining;
    const uint64_t used = nondet_u8() & 15u;

    sched_spend(thread, used, now);
    check();
    check_others(thread->budget_owner);
    PROVE(thread->budget_owner->remaining == before - (int64_t)used, "what was used is taken");
}

void prove_spend(void)
{
    with_any(event_spend);
}

static void event_release(void)
{
    (void)sched_release(&core, now);
    check();
    PROVE(a.wakeup.list == NULL || a.wakeup_time > now, "who waited for a time that has come is awake");
    PROVE(a.budget.list == NULL || a.budget_owner->window_end > now,
          "who waited for a period that has ended is not left");
}

void prove_release(void)
{
    with_any(event_release);
}

static void event_first(void)
{
    const struct thread *next = sched_first(&core);

    check();
    PROVE((next == NULL) == (core.ready_bits[0] == 0), "somebody is picked if anybody may run");
    if (next != NULL) {
        PROVE(sched_is_runnable(next) && next->ready.list != NULL && next->budget_owner->remaining > 0,
              "who is picked has something left");
        PROVE((a.ready.list == NULL || a.priority <= next->priority) &&
                  (b.ready.list == NULL || b.priority <= next->priority),
              "nobody more urgent is in line");
    }
}

void prove_first(void)
{
    with_any(event_first);
}

static void event_deadline(void)
{
    const struct thread *next = nondet_bool() ? &a : &b;

    ASSUME(next->budget_owner->remaining > 0);
    core.has_slice = sched_needs_slice(next);
    const uint64_t deadline = sched_deadline(&core, next);

    PROVE(a.wakeup.list == NULL || deadline <= a.wakeup_time, "the timer wakes who waits for a time");
    PROVE(a.budget.list == NULL || deadline <= (a.budget_owner == &a.own ? release_a : release_b),
          "the timer ends the wait for a budget");
    PROVE(sched_takes_turns(next) || deadline <= core.slice_start + (uint64_t)next->budget_owner->remaining,
          "a limited budget ends in time");
}

void prove_deadline(void)
{
    with_any(event_deadline);
}
