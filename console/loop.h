/* SPDX-License-Identifier: BSD-2-Clause */
/** What a command's loop waits by: clocks, and signals as something to read. */
#pragma once

#include <stdint.h>
#include <time.h>

/** Milliseconds of a clock. */
uint64_t loop_clock_ms(clockid_t clock);

/** Seconds of the clock that never goes back. */
double loop_seconds(void);

/**
 * A signalfd of SIGINT, SIGTERM and SIGHUP, and of those in `more`, which ends with 0; NULL: none. They are blocked.
 * `flags` are SFD_CLOEXEC and the like. The caller closes it; -1: errno says why.
 */
int loop_catch_signals(const int *more, int flags);
