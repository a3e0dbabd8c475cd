/* SPDX-License-Identifier: BSD-2-Clause */
/** What restart.S tells the VMM that it starts again. */
#pragma once

#include <stdint.h>

/** Not 0: the vCPUs of this program have run before, and it knows nothing of what they were doing. */
extern uint32_t restart_was;
