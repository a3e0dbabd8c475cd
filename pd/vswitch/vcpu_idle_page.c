/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's VMM counts the times that a vCPU goes idle, and notifies us when we ask for it on the port's
 * status page. It sees no ends of slices, so a guest that never goes idle counts as paused when it has had
 * VCPU_IDLE_LONGEST_US.
 */
#include "pd/vswitch/vcpu_idle.h"

#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/config/vhost_protocol.h"

static void want(const struct vcpu_idle *idle, uint32_t wanted)
{
    struct vhost_status *status = (struct vhost_status *)idle->port->status;

    __atomic_store_n(&status->wants_idle, wanted, __ATOMIC_SEQ_CST);
}

static void stop_waiting(struct vcpu_idle *idle)
{
    idle->deadline = VCPU_IDLE_NEVER;
    want(idle, 0);
}

bool vcpu_idle_take(void *context)
{
    struct vcpu_idle *idle = context;
    const struct vhost_idle_count *vcpus = (const struct vhost_idle_count *)idle->port->idle_count;
    const uint32_t count = __atomic_load_n(&vcpus->count, __ATOMIC_SEQ_CST);

    if (count == idle->seen && !idle->overdue) {
        return false;
    }
    idle->seen = count;
    idle->overdue = false;
    if (idle->deadline != VCPU_IDLE_NEVER) {
        stop_waiting(idle);
    }
    return true;
}

void vcpu_idle_arm(void *context)
{
    struct vcpu_idle *idle = context;

    if (idle->deadline == VCPU_IDLE_NEVER) {
        idle->deadline = clock_ticks() + (uint64_t)VCPU_IDLE_LONGEST_US * clock_hz() / 1000000u;
        want(idle, 1);
    }
}

uint64_t vcpu_idle_deadline(const struct vcpu_idle *vcpus, uint32_t count)
{
    uint64_t next = VCPU_IDLE_NEVER;

    for (uint32_t i = 0; i < count; i++) {
        if (vcpus[i].port != NULL && vcpus[i].deadline < next) {
            next = vcpus[i].deadline;
        }
    }
    return next;
}

void vcpu_idle_expire(struct vcpu_idle *vcpus, uint32_t count, uint64_t now)
{
    for (uint32_t i = 0; i < count; i++) {
        if (vcpus[i].port != NULL && vcpus[i].deadline <= now) {
            vcpus[i].overdue = true;
            stop_waiting(&vcpus[i]);
        }
    }
}
