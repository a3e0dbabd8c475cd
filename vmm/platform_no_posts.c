/* SPDX-License-Identifier: BSD-2-Clause */
/* Where nothing is posted, no store rings a doorbell and no debugger attaches: all of it comes to us, as on seL4. */
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

void platform_tell_death(void)
{
}

/* Only a machine with a debugger or a control channel pauses, and the tool makes none for such platforms. */
void platform_vcpu_pause(uint32_t vcpu, bool paused)
{
    (void)vcpu;
    (void)paused;
}

bool platform_debug_read(uint32_t vcpu, enum platform_debug_group group, uint64_t words[PLATFORM_DEBUG_WORDS])
{
    (void)vcpu;
    (void)group;
    (void)words;
    return false;
}

bool platform_debug_write(uint32_t vcpu, uint32_t number, uint64_t value)
{
    (void)vcpu;
    (void)number;
    (void)value;
    return false;
}
