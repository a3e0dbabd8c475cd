/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The timer's guard, on seL4. Microkit's kernels leave the EL1 physical timer to user level, and with it to
 * every guest: one could stop it, and all that sleep would sleep on. So this PD gives up its budget again and
 * again, whereupon the kernel runs it in its next period, by a timer that no guest reaches (CNTHP), and has
 * the timer PD set the hardware again and wake whose time has come. Nobody sleeps longer than a period too
 * long.
 */
#include <microkit.h>

#include <sel4/sel4.h>

#include "lib/config/timer_config.h"

void init(void)
{
    for (;;) {
        seL4_Yield();
        microkit_notify(TIMER_GUARD_CHANNEL);
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
