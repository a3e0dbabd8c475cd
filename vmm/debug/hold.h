/* SPDX-License-Identifier: BSD-2-Clause */
/** Who holds a machine's vCPUs: its user (pause), or a debugger. One that nobody holds runs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vmm_config.h"

/** All 0: nobody holds any. */
struct hold {
    uint32_t vcpu_count;
    bool by_user;
    bool by_debugger[VMM_CONFIG_MAX_VCPUS];
    bool is_held[VMM_CONFIG_MAX_VCPUS]; /**< what the platform was told */
};

/** Begin: nobody holds any, whatever the platform was told before. */
void hold_init(struct hold *hold, uint32_t vcpu_count);

/** Tell the platform what has changed. */
void hold_apply(struct hold *hold);

/** Whether somebody holds all of them, so that no time passes for the guest. */
bool hold_is_complete(const struct hold *hold);
