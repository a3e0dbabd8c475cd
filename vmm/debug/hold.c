/* SPDX-License-Identifier: BSD-2-Clause */
/* Pausing vCPUs without taking anything from them. */
#include "vmm/debug/hold.h"

#include "vmm/platform.h"

void hold_init(struct hold *hold, uint32_t vcpu_count)
{
    *hold = (struct hold){.vcpu_count = vcpu_count};
    for (uint32_t i = 0; i < vcpu_count; i++) {
        platform_vcpu_pause(i, false);
    }
}

void hold_apply(struct hold *hold)
{
    for (uint32_t i = 0; i < hold->vcpu_count; i++) {
        const bool is_held = hold->by_user || hold->by_debugger[i];

        if (is_held != hold->is_held[i]) {
            hold->is_held[i] = is_held;
            platform_vcpu_pause(i, is_held);
        }
    }
}

bool hold_is_complete(const struct hold *hold)
{
    bool is_complete = true;

    for (uint32_t i = 0; i < hold->vcpu_count; i++) {
        is_complete = is_complete && hold->is_held[i];
    }
    return is_complete;
}
