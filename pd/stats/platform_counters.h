/* SPDX-License-Identifier: BSD-2-Clause */
/** The platform's event counters: one file per platform, chosen at link time. */
#pragma once

#include <stdint.h>

#include "kernel/include/syscall.h"

/** What only seL4 counts, behind enum syscall_counter: entries into the kernel of any kind, and cycles
 * outside of it. */
#define PLATFORM_COUNTER_KERNEL_ENTRIES SYSCALL_COUNTER_COUNT
#define PLATFORM_COUNTER_USER_CYCLES (SYSCALL_COUNTER_COUNT + 1)
#define PLATFORM_COUNTER_COUNT (SYSCALL_COUNTER_COUNT + 2)

/** Value of a counter that the platform does not have. */
#define PLATFORM_COUNTER_ABSENT UINT64_MAX

/** Fill up to `capacity` counters in the order of enum syscall_counter; returns how many, 0: it has none. */
uint32_t platform_counters_read(uint64_t *values, uint32_t capacity);
