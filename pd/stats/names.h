/* SPDX-License-Identifier: BSD-2-Clause */
/** What counters are called, on the console of the stats PD and in `causeway top`. */
#pragma once

#include "lib/config/vswitch_stats.h"
#include "pd/stats/platform_counters.h"

/** In the order of enum syscall_counter, and what seL4 has behind it. */
extern const char *const names_of_counters[PLATFORM_COUNTER_COUNT];

/** In the order of enum vswitch_stat. */
extern const char *const names_of_switch_stats[VSWITCH_STAT_COUNT];

/** In the order of struct vswitch_counters. */
#define NAMES_OF_PORT_COUNTERS (sizeof(struct vswitch_counters) / sizeof(uint64_t))
extern const char *const names_of_port_counters[NAMES_OF_PORT_COUNTERS];
