/* SPDX-License-Identifier: BSD-2-Clause */
/* Where nothing is posted and no store rings a doorbell: all of it comes to us, as on seL4. */
#include "vmm/platform.h"

void platform_post_route(microkit_channel channel, uint32_t number, uint32_t vcpu, uint32_t intid)
{
    (void)channel;
    (void)number;
    (void)vcpu;
    (void)intid;
}

void platform_doorbell_move(uint64_t described, uint64_t gpa)
{
    (void)described;
    (void)gpa;
}
