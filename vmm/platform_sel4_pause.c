/* SPDX-License-Identifier: BSD-2-Clause */
/* What seL4 has no shortcut for, so that it is done at once or not at all. */
#include "vmm/platform.h"

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

/* Microkit's kernels give no PD the firmware's calls, so the machine cannot be switched off. */
void platform_halt(void)
{
}
