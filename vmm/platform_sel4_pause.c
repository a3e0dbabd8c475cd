/* SPDX-License-Identifier: BSD-2-Clause */
/* What seL4 has no shortcut for, so that it is done at once, or not at all, or by us. */
#include "vmm/platform_sel4_pause.h"

#include "vmm/platform.h"
#include "vmm/sel4/pause_pages.h"

static struct pause_pages pause_pages;

void platform_sel4_pause_reset(void)
{
    pause_pages.count = 0;
}

void platform_sel4_pause_tell(void)
{
    pause_pages_tell(&pause_pages);
}

void platform_share_pauses(microkit_channel channel, struct vhost_pauses *pauses,
                           const struct vhost_status *status)
{
    pause_pages_add(&pause_pages, channel, pauses, status);
}

void platform_virq_pend_late(uint32_t vcpu, uint32_t intid, uint32_t delay_us)
{
    (void)delay_us; /* nobody would remind us */
    platform_virq_pend(vcpu, intid, 0);
}

bool platform_take_pause(microkit_channel channel)
{
    (void)channel; /* seL4 does not tell */
    return true;
}

void platform_arm_pause(microkit_channel channel)
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
