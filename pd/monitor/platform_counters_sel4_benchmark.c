/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * On seL4 in an SDK's configuration "benchmark": the kernel tells of one stretch of time at once, from a
 * reset to an end, so that each call ends one, adds it to what went before, and begins the next. Between the
 * two nobody counts, for a few hundred instructions.
 */
#include <microkit.h>
#include <sel4/benchmark_utilisation_types.h>

#include "kernel/include/syscall.h"
#include "lib/base/clock.h"
#include "pd/monitor/platform_counters.h"

#define RATIO_BITS 16u

/* One word of what the kernel has left in the message. */
static uint64_t word(enum benchmark_track_util_ipc_index index)
{
    return microkit_mr_get((seL4_Uint8)index);
}

/* The kernel counts the processor's cycles, whose length nobody knows; the stretch as a whole tells. */
static uint64_t idle_ticks(uint64_t ticks)
{
    uint64_t total = word(BENCHMARK_TOTAL_UTILISATION);
    uint64_t idle = word(BENCHMARK_IDLE_LOCALCPU_UTILISATION);

    idle = idle < total ? idle : total;
    while (total >> RATIO_BITS != 0) { /* a product that fits into a word even after years */
        total >>= 1;
        idle >>= 1;
    }
    return total == 0 ? 0 : ticks * idle / total;
}

uint32_t platform_counters_read(uint64_t *values, uint32_t capacity)
{
    static uint64_t entries, switches, idle, started;
    const uint64_t now = clock_ticks();

    if (capacity < PLATFORM_COUNTER_COUNT) {
        return 0;
    }
    if (started != 0) {
        (void)seL4_BenchmarkFinalizeLog();
        seL4_BenchmarkGetThreadUtilisation(TCB_CAP);
        entries += word(BENCHMARK_TOTAL_NUMBER_KERNEL_ENTRIES);
        switches += word(BENCHMARK_TOTAL_NUMBER_SCHEDULES);
        idle += idle_ticks(now - started);
    }
    for (uint32_t i = 0; i < PLATFORM_COUNTER_COUNT; i++) {
        values[i] = PLATFORM_COUNTER_ABSENT;
    }
    values[PLATFORM_COUNTER_KERNEL_ENTRIES] = entries;
    values[SYSCALL_COUNTER_SWITCHES] = switches;
    values[SYSCALL_COUNTER_IDLE_TICKS] = idle;
    started = clock_ticks();
    (void)seL4_BenchmarkResetLog();
    return PLATFORM_COUNTER_COUNT;
}
