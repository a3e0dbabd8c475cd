/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Time is somebody's: what the running thread has used is taken from its budget, and from those of the threads it
 * worked for (account.h).
 */
#pragma once

#include "kernel/core/kernel.h"

/** Charge the running thread for the time since it was last charged. */
void charge_current(struct core *core, uint64_t now);

/**
 * What the core did since `since` was an interrupt for `thread` (NULL: for whoever runs): that pays for it,
 * not who was interrupted. (While nobody runs it costs nobody anything.)
 */
void charge_interrupt(struct core *core, uint64_t since, struct thread *thread);

/** `thread` runs on the budget of `budget_owner` from now on. */
void charge_set_payer(struct thread *thread, struct budget *budget_owner);

/** The running thread gives up the rest of its slice: behind its equals, or until its next period. */
void charge_give_way(struct core *core);

/** core->leaving has stopped by itself: it pays for its run, and for the way to whoever goes on. */
void charge_settle(struct core *core);
