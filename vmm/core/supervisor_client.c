/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/supervisor_client.h"

#include <microkit.h>

#include "lib/base/log.h"

enum supervisor_order supervisor_register(const struct vmm_config *config, uint64_t entry, uint32_t *wait_ms)
{
    *wait_ms = 0;
    if (config->has_supervisor == 0) {
        return SUPERVISOR_START;
    }
    microkit_mr_set(0, entry);
    const microkit_msginfo reply =
        microkit_ppcall(config->supervisor_channel, microkit_msginfo_new(SUPERVISOR_GREET, 1));
    if (microkit_msginfo_get_label(reply) != SUPERVISOR_OK || microkit_msginfo_get_count(reply) != 2) {
        log_warn("the supervisor does not know %s", config->name);
        return SUPERVISOR_START;
    }
    *wait_ms = (uint32_t)microkit_mr_get(1);
    switch (microkit_mr_get(0)) {
    case SUPERVISOR_START:
        return SUPERVISOR_START;
    case SUPERVISOR_HALT:
        return SUPERVISOR_HALT;
    default:
        return SUPERVISOR_STOP;
    }
}
