/* SPDX-License-Identifier: BSD-2-Clause */
/** Choosing who runs, above all that may change it. */
#pragma once

#include "kernel/core/kernel.h"

/**
 * The core's timer fired: full budgets, wake-ups, what was late, end of slice. Returns a thread that has to
 * pay for that, since it goes on now, or NULL.
 */
struct thread *dispatch_tick(struct core *core);

/** Who runs next, NULL: nobody. Becomes core->current; the timer is set for what comes next. */
struct thread *dispatch_pick(struct core *core);

/**
 * The same, with the thread's registers in the hardware when it returns (arch_switch()), and the timer set
 * for what that brought up as well.
 */
struct thread *dispatch_enter(struct core *core);
