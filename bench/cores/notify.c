/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two PDs that notify each other in turn, for bench/cores/cores.py to count what a notification costs. The one called
 * "near" begins, and marks the rounds for the counting plugin.
 */
#include <microkit.h>
#include <stdbool.h>

#include "lib/base/mark.h"

#define PEER 0u
#define ROUNDS 50u /* cores.py has the same */

static unsigned int rounds;

static bool is_near(void)
{
    return microkit_name[0] == 'n';
}

void init(void)
{
    if (is_near()) {
        /* The first round wakes the other one for the first time: it is not counted. */
        microkit_notify(PEER);
    }
}

void notified(microkit_channel channel)
{
    if (is_near() && rounds == 0) {
        mark_begin();
    }
    if (is_near() && rounds++ == ROUNDS) {
        mark_end();
        return;
    }
    microkit_notify(channel);
}
