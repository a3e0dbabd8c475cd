/* SPDX-License-Identifier: BSD-2-Clause */
/* What seL4 has no shortcut for, so that it is done at once, or not at all, or by us. */
#include "vmm/platform_sel4_idle.h"

#include "vmm/platform.h"
#include "vmm/sel4/idle_pages.h"

static struct idle_pages idle_pages;

void platform_sel4_idle_reset(void)
{
    idle_pages.count = 0;
}

void platform_sel4_idle_tell(void)
{
    idle_pages_tell(&idle_pages);
}

void platform_share_idle_count(microkit_channel channel, struct vhost_idle_count *idle_count,
                               const struct vhost_status *status)
{
    idle_pages_add(&idle_pages, channel, idle_count, status);
}

void platform_virq_pend_deferred(uint32_t vcpu, uint32_t intid, uint32_t delay_us)
{
    (void)delay_us; /* nobody would remind us */
    platform_virq_pend(vcpu, intid, 0);
}

bool platform_take_vcpu_idle(microkit_channel channel)
{
    (void)channel; /* seL4 does not tell */
    return true;
}

void platform_arm_vcpu_idle(microkit_channel channel)
{
    (void)channel;
}

/* With a reply to send as well, libmicrokit would keep the notification until the next event. */
void platform_notify_last(microkit_channel channel)
{
    microkit_notify(channel);
}

/* Microkit's kernels give no PD the firmware's calls, so the machine cannot be switched off. */
void platform_halt(void)
{
}
