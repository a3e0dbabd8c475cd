/* SPDX-License-Identifier: BSD-2-Clause */
/* Who pays for what services and drivers do. */
#include <string.h>

#include "verify/policy/system.h"

void system_charge(struct system *system, const char *pd, const char *vm, const char *role, const char **vms,
                   size_t *count)
{
    size_t at = 0;

    if (system->policy->sel4) {
        return;
    }
    policy_add(system->policy, "account %s %s: %s", pd, vm, role);
    while (at < *count && strcmp(vms[at], vm) != 0) {
        at++;
    }
    if (at == *count && at < 64) {
        vms[(*count)++] = vm;
    }
}

void system_charge_driver(struct system *system, const char *driver, const char *const *vms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        policy_add(system->policy, "account %s %s: client", driver, vms[i]);
    }
}
