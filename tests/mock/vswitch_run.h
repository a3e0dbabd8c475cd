/* SPDX-License-Identifier: BSD-2-Clause */
/** A run of the switch whose peers have all notified it: for unit tests and fuzzers. */
#pragma once

#include <stdint.h>

#include "pd/vswitch/vswitch.h"

/** Every peer has queued something and says so; it is `now`. */
static inline void vswitch_run_all(struct vswitch *vswitch, uint64_t now)
{
    for (uint32_t i = 0; i < vswitch->port_count; i++) {
        vswitch_kicked(vswitch, i);
    }
    vswitch_run(vswitch, now);
}

/** struct vswitch_port_ops' look() and burst() of a port that has no queue. */
static inline void vswitch_run_no_look(void *port)
{
    (void)port;
}

static inline uint32_t vswitch_run_any_burst(const void *port)
{
    (void)port;
    return UINT32_MAX;
}
