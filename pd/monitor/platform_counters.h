/* SPDX-License-Identifier: BSD-2-Clause */
/** The platform's event counters: one file per platform, chosen at link time. */
#pragma once

#include <stdint.h>

/** Fill up to `capacity` counters in the order of enum syscall_counter; returns how many, 0: it has none. */
uint32_t platform_counters_read(uint64_t *values, uint32_t capacity);
