/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On seL4 in an SDK's configuration "benchmark": the kernel tells of one stretch of time at once, from a
 * reset to an end, so that each call ends one, adds it to what went before, and begins the next. Between the
 * two nobody counts, for a few hundred instructions.
 */
#include <microkit.h>
#include <sel4/benchmark_utilisation_types.h>
#include <stdbool.h>

#include "kernel/include/syscall.h"
#include "pd/stats/platform_counters.h"

/* One word of what the kernel has left in the message. */
static uint64_t word(enum benchmark_track_util_ipc_index index)
{
    return microkit_mr_get((seL4_Uint8)index);
}

uint32_t platform_counters_read(uint64_t *values, uint32_t capacity)
{
    static uint64_t entries, switches, cycles;
    static bool counts;

    if (capacity < PLATFORM_COUNTER_COUNT) {
        return 0;
    }
    if (counts) {
        (void)seL4_BenchmarkFinalizeLog();
        seL4_BenchmarkGetThreadUtilisation(TCB_CAP);
        entries += word(BENCHMARK_TOTAL_NUMBER_KERNEL_ENTRIES);
        switches += word(BENCHMARK_TOTAL_NUMBER_SCHEDULES);
        cycles += word(BENCHMARK_TOTAL_UTILISATION);
    }
    for (uint32_t i = 0; i < PLATFORM_COUNTER_COUNT; i++) {
        values[i] = PLATFORM_COUNTER_ABSENT;
    }
    values[PLATFORM_COUNTER_KERNEL_ENTRIES] = entries;
    values[SYSCALL_COUNTER_SWITCHES] = switches;
    values[PLATFORM_COUNTER_USER_CYCLES] = cycles;
    counts = true;
    (void)seL4_BenchmarkResetLog();
    return PLATFORM_COUNTER_COUNT;
}
