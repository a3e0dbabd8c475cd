/* SPDX-License-Identifier: BSD-2-Clause */
/* The arithmetic of budgets: bounded, however deep the debt and however long ago the last use. */
#include "kernel/core/budget.h"

void budget_init(struct budget *budget, uint64_t size, uint64_t period)
{
    *budget = (struct budget){.budget = size != 0 ? size : 1, .period = period != 0 ? period : 1};
    budget->remaining = (int64_t)budget->budget;
}

uint64_t budget_turns(const struct budget *budget)
{
    return budget->remaining > 0 ? 0 : (uint64_t)-budget->remaining / budget->budget + 1;
}

void budget_renew(struct budget *budget, uint64_t now)
{
    if (now < budget->window_end) {
        return;
    }
    const uint64_t ended = 1 + (now - budget->window_end) / budget->period;
    const uint64_t missing = (uint64_t)((int64_t)budget->budget - budget->remaining);

    if (ended > missing / budget->budget || missing <= budget->budget) {
        budget->remaining = (int64_t)budget->budget;
        budget->window_end = now + budget->period;
    } else {
        budget->remaining += (int64_t)(ended * budget->budget);
        budget->window_end += ended * budget->period;
    }
    budget->throttled = !budget_is_round_robin(budget) && budget->remaining <= 0;
}

void budget_earn(struct budget *budget, uint64_t now, uint64_t equals)
{
    const uint64_t earned = (now - budget->slept_at) / equals;

    if (budget->remaining <= 0 || budget->remaining >= (int64_t)budget->budget) {
        return;
    }
    const uint64_t missing = budget->budget - (uint64_t)budget->remaining;
    budget->slept_at = now;
    budget->remaining += (int64_t)(earned < missing ? earned : missing);
}

bool budget_spend(struct budget *budget, uint64_t used)
{
    const bool had_some = budget->remaining > 0;

    budget->remaining -= (int64_t)used;
    return had_some && budget->remaining <= 0;
}

uint64_t budget_release(const struct budget *budget)
{
    const uint64_t turns = budget_turns(budget);

    return budget->window_end + (turns > 1 ? (turns - 1) * budget->period : 0);
}
