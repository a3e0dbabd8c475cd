/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How the switch learns that a guest's vCPU paused. Two files implement it, chosen at link time:
 * vcpu_idle_kernel.c, where the kernel tells; vcpu_idle_page.c, where the guest's VMM counts its guest's
 * pauses in a page (lib/config/vhost_protocol.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vswitch_config.h"

#define VCPU_IDLE_NEVER UINT64_MAX
/** A guest that does not go idle: after this time it counts as one that has. */
#define VCPU_IDLE_LONGEST_US 4000u

/** One port's. Set up by vcpu_idle_init(). */
struct vcpu_idle {
    const struct vswitch_port_config *port;
    uint32_t seen;     /**< of the VMM's count */
    bool overdue;      /**< it has had its longest time */
    uint64_t deadline; /**< when it will have had, in ticks; VCPU_IDLE_NEVER: nobody waits */
};

/** For the port of that row, which outlives it. */
static inline void vcpu_idle_init(struct vcpu_idle *idle, const struct vswitch_port_config *port)
{
    *idle = (struct vcpu_idle){.port = port, .deadline = VCPU_IDLE_NEVER};
}

/** struct rx_credit_source's take(); the context is a struct vcpu_idle. */
bool vcpu_idle_take(void *context);

/** struct rx_credit_source's arm(). */
void vcpu_idle_arm(void *context);

/** When to call vcpu_idle_expire() for those `count`, zeroes among them; VCPU_IDLE_NEVER: not at all. */
uint64_t vcpu_idle_deadline(const struct vcpu_idle *vcpus, uint32_t count);

/** It is `now`: guests that were waited for until then count as paused. */
void vcpu_idle_expire(struct vcpu_idle *vcpus, uint32_t count, uint64_t now);
