/* SPDX-License-Identifier: BSD-2-Clause */
/** One alarm at the timer PD (lib/config/timer_config.h), for a PD that has to go on when time has passed. */
#pragma once

#include <microkit.h>
#include <stdint.h>

#define TIMER_CLIENT_NEVER UINT64_MAX

struct timer_client {
    microkit_channel channel;
    uint64_t set; /**< what the timer PD was asked for; TIMER_CLIENT_NEVER: nothing */
};

/** An alarm that rings through `channel`. */
void timer_client_init(struct timer_client *alarm, microkit_channel channel);

/** Have it ring at `deadline`, in ticks of clock_ticks(); TIMER_CLIENT_NEVER: an earlier one may ring all the
 * same.
 */
void timer_client_set(struct timer_client *alarm, uint64_t deadline);

/** Its channel was notified. */
void timer_client_heard(struct timer_client *alarm);
