/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's VMM counts the times that a vCPU goes idle, and notifies us when we ask for it on the port's
 * status page. It sees no ends of slices, so a guest that never goes idle counts as paused when it has had
 * PAUSE_LONGEST_US.
 */
#include "pd/vswitch/pause.h"

#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/config/vhost_protocol.h"

static void want(const struct pause *pause, uint32_t wanted)
{
    struct vhost_status *status = (struct vhost_status *)pause->port->status;

    __atomic_store_n(&status->wants_pause, wanted, __ATOMIC_SEQ_CST);
}

static void stop_waiting(struct pause *pause)
{
    pause->deadline = PAUSE_NEVER;
    want(pause, 0);
}

bool pause_take(void *context)
{
    struct pause *pause = context;
    const struct vhost_pauses *pauses = (const struct vhost_pauses *)pause->port->pauses;
    const uint32_t count = __atomic_load_n(&pauses->count, __ATOMIC_SEQ_CST);

    if (count == pause->seen && !pause->overdue) {
        return false;
    }
    pause->seen = count;
    pause->overdue = false;
    if (pause->deadline != PAUSE_NEVER) {
        stop_waiting(pause);
    }
    return true;
}

void pause_arm(void *context)
{
    struct pause *pause = context;

    if (pause->deadline == PAUSE_NEVER) {
        pause->deadline = clock_ticks() + (uint64_t)PAUSE_LONGEST_US * clock_hz() / 1000000u;
        want(pause, 1);
    }
}

uint64_t pause_deadline(const struct pause *pauses, uint32_t count)
{
    uint64_t next = PAUSE_NEVER;

    for (uint32_t i = 0; i < count; i++) {
        if (pauses[i].port != NULL && pauses[i].deadline < next) {
            next = pauses[i].deadline;
        }
    }
    return next;
}

void pause_expire(struct pause *pauses, uint32_t count, uint64_t now)
{
    for (uint32_t i = 0; i < count; i++) {
        if (pauses[i].port != NULL && pauses[i].deadline <= now) {
            pauses[i].overdue = true;
            stop_waiting(&pauses[i]);
        }
    }
}
