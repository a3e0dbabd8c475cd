/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How often something that died may be started again, and how long it waits before it is: a budget of
 * restarts within a window of time, and a wait that doubles. Used for guests by their VMM, for VMMs by the
 * supervisor.
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"

/** What the description says. */
struct restart_policy {
    uint32_t limit;          /**< restarts in one window; 0: no limit */
    uint32_t window_ms;      /**< a window begins with the first restart after the last one */
    uint32_t backoff_ms;     /**< wait before the second restart in a window; doubles. The first is at once */
    uint32_t backoff_max_ms; /**< and grows no further than this */
};

/** What has happened so far. Zero-initialised: nothing. */
struct restart {
    uint64_t window_start_ms; /**< time of the window's first restart */
    uint64_t last_ms;         /**< time of the last one, its wait included */
    uint32_t count;           /**< in this window */
    uint32_t wait_ms;         /**< before the next one */
};

/**
 * Take one restart out of the budget. *wait_ms: how long to wait before it. A wait starts from again once
 * window_ms have passed without a restart. Errors: ERR_SPACE (the budget is used up).
 */
ERR_CHECKED enum err restart_take(struct restart *restart, const struct restart_policy *policy,
                                  uint64_t now_ms, uint32_t *wait_ms);
