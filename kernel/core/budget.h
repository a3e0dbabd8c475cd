/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Budgets: how much of the processor a thread may have, as an account that may be in debt.
 *
 * What a thread uses, and what others do for it, is taken from `remaining`, below zero if need be. Each
 * period that ends adds `budget`, and nothing else does: several periods' worth of debt are repaid in several
 * periods. No more than one budget is saved up. A budget that is in debt or at zero is used up.
 */
#pragma once

#include "kernel/core/kernel.h"

/** A full one, with times in ticks; 0 becomes 1. */
void budget_init(struct budget *budget, uint64_t size, uint64_t period);

/** budget == period: no limit, only turns among equals. */
static inline bool budget_is_round_robin(const struct budget *budget)
{
    return budget->budget >= budget->period;
}

/** Add what the periods that have ended by `now` are worth. A period begins with the first use after a full
 * one. */
void budget_renew(struct budget *budget, uint64_t now);

/**
 * A thread without a limit wakes up: while it slept it has earned its share of the time, one part of as many
 * as there are `equals`, itself included. So who sleeps most of the time always has something left of its
 * slice, and does not wait for its equals' slices every now and then. Debts are repaid by turns all the same.
 */
void budget_earn(struct budget *budget, uint64_t now, uint64_t equals);

/** Take `used` ticks. Returns true if that uses it up, and it was not before. */
bool budget_spend(struct budget *budget, uint64_t used);

/** When budget_renew() will make one that is used up more than that, if nothing else is taken from it. */
uint64_t budget_release(const struct budget *budget);

/** How many more budgets make it more than used up: 0 if it is not. */
uint64_t budget_turns(const struct budget *budget);
