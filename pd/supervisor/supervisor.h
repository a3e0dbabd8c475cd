/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The supervisor: parent of VMMs. One that faults is started again, at an entry that takes nothing over from
 * what it was: its code and constants are read-only, all else it sets up from them. It then greets, and is
 * told what becomes of its guest (lib/config/supervisor_config.h).
 *
 * The supervisor has none of the VMMs' memory, and can do nothing to them but stop them and start them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/config/supervisor_config.h"

/** One VMM. */
struct supervisor_child {
    uint64_t entry; /**< 0: it has not greeted yet */
    struct restart restart;
    enum supervisor_order order; /**< for its next greeting */
    uint32_t wait_ms;            /**< with it */
    bool dead;                   /**< stopped for good */
};

/** All of them. */
struct supervisor {
    const struct supervisor_config *config;
    struct supervisor_child children[SUPERVISOR_MAX_CHILDREN];
};

/** Set up. `config` outlives it. Errors: ERR_RANGE (too many children). */
ERR_CHECKED enum err supervisor_init(struct supervisor *supervisor, const struct supervisor_config *config);

/** A protected procedure call through `channel`; arguments and results are in the message words. */
microkit_msginfo supervisor_call(struct supervisor *supervisor, microkit_channel channel,
                                 microkit_msginfo msginfo);

/** `child` has faulted, as the message says; `now_ms` is the time. Its fault is never replied to. */
void supervisor_fault(struct supervisor *supervisor, microkit_child child, microkit_msginfo msginfo,
                      uint64_t now_ms);
