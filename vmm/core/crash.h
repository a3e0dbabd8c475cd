/* SPDX-License-Identifier: BSD-2-Clause */
/** What a user sees when a guest cannot go on. */
#pragma once

#include "vmm/platform.h"

/** Log one readable block about guest `name`: why, where, and the vCPU's registers. */
void crash_report(const char *name, const struct platform_exit *exit, const char *why);
