/* SPDX-License-Identifier: BSD-2-Clause */
/** One alarm at the timer PD (lib/config/timer_config.h), for a PD that has to go on when time has passed. */
#pragma once

#include <microkit.h>
#include <stdint.h>

#define ALARM_NEVER UINT64_MAX

struct alarm {
    microkit_channel channel;
    uint64_t set; /**< what the timer PD was asked for; ALARM_NEVER: nothing */
};

/** An alarm that rings through `channel`. */
void alarm_init(struct alarm *alarm, microkit_channel channel);

/** Have it ring at `deadline`, in ticks of clock_ticks(); ALARM_NEVER: an earlier one may ring all the same.
 */
void alarm_set(struct alarm *alarm, uint64_t deadline);

/** Its channel was notified. */
void alarm_heard(struct alarm *alarm);
