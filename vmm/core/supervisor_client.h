/* SPDX-License-Identifier: BSD-2-Clause */
/** The VMM's side of supervision: how it can be started again, and what it then has to do. */
#pragma once

#include <stdint.h>

#include "lib/config/supervisor_config.h"
#include "lib/config/vmm_config.h"

/**
 * Tell the supervisor, if there is one, that this VMM has started, and that it can be started again at
 * `entry`. Returns what to do; *wait_ms: for SUPERVISOR_START, how long to wait before it.
 */
enum supervisor_order supervisor_register(const struct vmm_config *config, uint64_t entry, uint32_t *wait_ms);
