/* SPDX-License-Identifier: BSD-2-Clause */
/* The counters of seL4's configuration "benchmark": calls in order, and sums over what each stretch has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <microkit.h>
#include <sel4/benchmark_utilisation_types.h>

#include "pd/stats/platform_counters.h"

static char calls[256];

static uint64_t counted[BENCHMARK_TOTAL_NUMBER_KERNEL_ENTRIES + 1];

seL4_Error seL4_BenchmarkResetLog(void)
{
    strcat(calls, "reset ");
    return seL4_NoError;
}

seL4_Word seL4_BenchmarkFinalizeLog(void)
{
    strcat(calls, "finalize ");
    return 0;
}

void seL4_BenchmarkGetThreadUtilisation(seL4_Word tcb_cptr)
{
    assert_int_equal(tcb_cptr, 6);
    strcat(calls, "get ");
    for (seL4_Uint8 i = 0; i <= BENCHMARK_TOTAL_NUMBER_KERNEL_ENTRIES; i++) {
        microkit_mr_set(i, counted[i]);
    }
}

/* One test: the platform's sums are forever. */
static void test_stretches_add_up(void **state)
{
    uint64_t values[PLATFORM_COUNTER_COUNT];

    (void)state;
    assert_int_equal(platform_counters_read(values, PLATFORM_COUNTER_COUNT - 1), 0);
    assert_int_equal(platform_counters_read(values, PLATFORM_COUNTER_COUNT), PLATFORM_COUNTER_COUNT);
    assert_string_equal(calls, "reset ");
    assert_int_equal(values[PLATFORM_COUNTER_KERNEL_ENTRIES], 0);
    assert_int_equal(values[PLATFORM_COUNTER_USER_CYCLES], 0);
    assert_int_equal(values[SYSCALL_COUNTER_EXITS], PLATFORM_COUNTER_ABSENT);
    assert_int_equal(values[SYSCALL_COUNTER_IDLE_TICKS], PLATFORM_COUNTER_ABSENT);

    counted[BENCHMARK_TOTAL_UTILISATION] = 160;
    counted[BENCHMARK_TOTAL_NUMBER_KERNEL_ENTRIES] = 7;
    counted[BENCHMARK_TOTAL_NUMBER_SCHEDULES] = 3;
    calls[0] = '\0';
    assert_int_equal(platform_counters_read(values, PLATFORM_COUNTER_COUNT), PLATFORM_COUNTER_COUNT);
    assert_string_equal(calls, "finalize get reset ");
    assert_int_equal(values[PLATFORM_COUNTER_KERNEL_ENTRIES], 7);
    assert_int_equal(values[SYSCALL_COUNTER_SWITCHES], 3);
    assert_int_equal(values[PLATFORM_COUNTER_USER_CYCLES], 160);

    assert_int_equal(platform_counters_read(values, PLATFORM_COUNTER_COUNT), PLATFORM_COUNTER_COUNT);
    assert_int_equal(values[PLATFORM_COUNTER_KERNEL_ENTRIES], 14);
    assert_int_equal(values[PLATFORM_COUNTER_USER_CYCLES], 320);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stretches_add_up)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
