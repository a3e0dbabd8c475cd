/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How the switch learns that a guest's vCPU paused. Two files implement it, chosen at link time:
 * pause_kernel.c, where the kernel tells; pause_page.c, where the guest's VMM counts its guest's pauses in a
 * page (lib/config/vhost_protocol.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vswitch_config.h"

#define PAUSE_NEVER UINT64_MAX
/** A guest that does not go idle: after this time it counts as one that has. */
#define PAUSE_LONGEST_US 4000u

/** One port's. Set up by pause_init(). */
struct pause {
    const struct vswitch_port_config *port;
    uint32_t seen;     /**< of the VMM's count */
    bool overdue;      /**< it has had its longest time */
    uint64_t deadline; /**< when it will have had, in ticks; PAUSE_NEVER: nobody waits */
};

/** For the port of that row, which outlives it. */
static inline void pause_init(struct pause *pause, const struct vswitch_port_config *port)
{
    *pause = (struct pause){.port = port, .deadline = PAUSE_NEVER};
}

/** struct vhost_pause's take(); the context is a struct pause. */
bool pause_take(void *context);

/** struct vhost_pause's arm(). */
void pause_arm(void *context);

/** When to call pause_expire() for those `count`, zeroes among them; PAUSE_NEVER: not at all. */
uint64_t pause_deadline(const struct pause *pauses, uint32_t count);

/** It is `now`: guests that were waited for until then count as paused. */
void pause_expire(struct pause *pauses, uint32_t count, uint64_t now);
