/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The arithmetic of budgets with debt.
 *
 * @contract What is used is owed, nothing is forgiven: each period that has ended adds one budget, no more
 * than one is saved up, and whoever owes or has nothing left is off until as many periods have ended as it
 * takes.
 * @bound budgets and periods below 16 ticks, debts and times below 128
 *
 * @run prove_spend
 * @defect prove_spend: exactly what was used is taken
 * kernel/core/budget.c
 * -     budget->remaining -= (int64_t)used;
 * +     budget->remaining = budget->remaining < (int64_t)used ? 0 : budget->remaining - (int64_t)used;
 *
 * @run prove_renew
 * @defect prove_renew: each period adds one budget, and nothing else does
 * kernel/core/budget.c
 * -     if (ended > missing / budget->budget || missing <= budget->budget) {
 * +     if (ended >= missing / budget->budget || missing <= budget->budget) {
 *
 * @run prove_release
 * @defect prove_release: then it has some
 * kernel/core/budget.c
 * -     return budget->window_end + (turns > 1 ? (turns - 1) * budget->period : 0);
 * +     return budget->window_end + (turns > 2 ? (turns - 2) * budget->period : 0);
 */
#include "proofs/cbmc.h"

#include "kernel/core/budget.c"

/* Any budget in any state. Narrow numbers, as division is dear. */
static struct budget any_budget(void)
{
    struct budget budget = {.budget = nondet_u8() & 15u,
                            .period = nondet_u8() & 15u,
                            .remaining = (int64_t)(nondet_u8() & 15) - (int64_t)(nondet_u8() & 127u),
                            .window_end = nondet_u8() & 127u};

    ASSUME(budget.budget != 0 && budget.budget <= budget.period &&
           budget.remaining <= (int64_t)budget.budget);
    budget.throttled = !budget_is_round_robin(&budget) && budget.remaining <= 0;
    return budget;
}

void prove_spend(void)
{
    struct budget budget = any_budget();
    const struct budget before = budget;
    const uint64_t used = nondet_u8();
    const bool is_used_up = budget_spend(&budget, used);

    PROVE(budget.remaining == before.remaining - (int64_t)used, "exactly what was used is taken");
    PROVE(is_used_up == (before.remaining > 0 && budget.remaining <= 0), "it says when that uses it up");
    PROVE(budget.window_end == before.window_end && budget.budget == before.budget &&
              budget.period == before.period,
          "nothing else changes");
}

void prove_renew(void)
{
    struct budget budget = any_budget();
    const struct budget before = budget;
    const uint64_t now = nondet_u8(), ended = nondet_u8();

    budget_renew(&budget, now);
    if (now < before.window_end) {
        PROVE(budget.remaining == before.remaining && budget.window_end == before.window_end,
              "not before its time");
        return;
    }
    /* The number of periods that have ended since, the one that ended at window_end included. */
    ASSUME(ended > 0 && (ended - 1) * before.period <= now - before.window_end &&
           now - before.window_end < ended * before.period);
    const int64_t sum = before.remaining + (int64_t)(ended * before.budget);
    PROVE(budget.remaining == (sum < (int64_t)before.budget ? sum : (int64_t)before.budget),
          "each period adds one budget, and nothing else does");
    PROVE(budget.window_end > now && budget.window_end <= now + before.period, "the next period has begun");
    PROVE(budget.throttled == (!budget_is_round_robin(&budget) && budget.remaining <= 0),
          "off exactly while nothing is left of a limit");
}

void prove_release(void)
{
    struct budget budget = any_budget();
    struct budget early = budget;

    ASSUME(budget.remaining <= 0);
    const uint64_t turns = budget_turns(&budget);
    PROVE(turns != 0 && budget.remaining + (int64_t)(turns * budget.budget) > 0 &&
              budget.remaining + (int64_t)((turns - 1) * budget.budget) <= 0,
          "as many turns as it takes");
    const uint64_t time = budget_release(&budget);
    ASSUME(time != 0);
    budget_renew(&early, time - 1);
    budget_renew(&budget, time);
    PROVE(early.remaining <= 0, "before that it has none");
    PROVE(budget.remaining > 0, "then it has some");
}
