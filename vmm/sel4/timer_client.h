/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A client of the timer PD (lib/config/timer_config.h) that waits for several times with the one deadline it
 * has: for those of parked vCPUs, which are kept elsewhere, and for an alarm.
 */
#pragma once

#include <stdint.h>

#include <microkit.h>

#define TIMER_CLIENT_NEVER 0ull

/** Zero-initialised but for the channel: nothing is waited for. Times are in ticks. */
struct timer_client {
    microkit_channel channel;
    uint64_t armed; /**< what the timer PD was asked for */
    uint64_t alarm;
};

/** Have the channel notified at `deadline`, or before it. */
void timer_client_arm(struct timer_client *client, uint64_t deadline);

/** Wait for `alarm` as well, instead of an earlier one; TIMER_CLIENT_NEVER: for none. */
void timer_client_set_alarm(struct timer_client *client, uint64_t alarm);

/** The channel was notified at `now`. Other deadlines that remain are to be armed again. */
void timer_client_fired(struct timer_client *client, uint64_t now);
