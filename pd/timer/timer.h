/* SPDX-License-Identifier: BSD-2-Clause */
/** One-shot deadlines of many clients on one hardware timer. Pure logic: main.c has the hardware. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

#define TIMER_CHANNELS 62u
#define TIMER_NEVER UINT64_MAX

/** Interrupts without a deadline that has passed, between two visits of the guard, that are taken for a race
 * with a call. */
#define TIMER_STRAYS 64u

/** All deadlines, by channel. 0: none. Set up by timer_init(). */
struct timer {
    uint64_t clients; /**< one bit per channel that may have a deadline */
    uint64_t deadlines[TIMER_CHANNELS];
    uint32_t strays; /**< since the guard's last visit */
    bool held;       /**< the interrupt is not acknowledged */
};

/** Take the clients of a configuration. Errors: ERR_RANGE (more than TIMER_CHANNELS, or an id beyond). */
ERR_CHECKED enum err timer_init(struct timer *timer, const uint32_t *clients, uint32_t client_count);

/** Client `channel` asks for `deadline` in ticks, 0 for none. ERR_DENIED if it is no client. */
ERR_CHECKED enum err timer_set(struct timer *timer, uint32_t channel, uint64_t deadline);

/** The earliest deadline, TIMER_NEVER if there is none. */
uint64_t timer_next(const struct timer *timer);

/** Drop all deadlines up to and including `now`. Returns a bit for each channel that had one. */
uint64_t timer_expire(struct timer *timer, uint64_t now);

/**
 * The hardware's interrupt came at `now`; before timer_expire(). Returns whether to acknowledge it now. Not
 * if a guest plays with the timer: then it waits for the guard, so that a storm costs no more than
 * TIMER_STRAYS interrupts a period.
 */
bool timer_interrupt(struct timer *timer, uint64_t now);

/** The guard's visit. Returns whether the caller must acknowledge an interrupt that timer_interrupt() has held
 * back. */
bool timer_visit(struct timer *timer);
