/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/vswitch_stats.h"
#include "pd/stats/platform_counters.h"
#include "pd/stats/stats.h"

static char printed[4096];
static size_t printed_bytes;

static void print(void *context, const char *text, uint32_t bytes)
{
    (void)context;
    assert_true(printed_bytes + bytes < sizeof printed);
    memcpy(printed + printed_bytes, text, bytes);
    printed_bytes += bytes;
    printed[printed_bytes] = '\0';
}

static uint32_t counters(void *context, uint64_t values[STATS_COUNTER_MAX])
{
    (void)context;
    for (uint32_t i = 0; i < SYSCALL_COUNTER_COUNT; i++) {
        values[i] = 1000 + i;
    }
    return SYSCALL_COUNTER_COUNT;
}

static uint64_t ticks(void *context)
{
    (void)context;
    return 4711;
}

static const struct stats_ops ops = {.print = print, .counters = counters, .ticks = ticks};

/* What seL4 can tell in some of its configurations. */
static uint32_t few_counters(void *context, uint64_t values[STATS_COUNTER_MAX])
{
    (void)context;
    for (uint32_t i = 0; i < PLATFORM_COUNTER_COUNT; i++) {
        values[i] = PLATFORM_COUNTER_ABSENT;
    }
    values[SYSCALL_COUNTER_IDLE_TICKS] = 5;
    values[PLATFORM_COUNTER_KERNEL_ENTRIES] = 6;
    return PLATFORM_COUNTER_COUNT;
}

static uint32_t no_counters(void *context, uint64_t values[STATS_COUNTER_MAX])
{
    (void)context;
    (void)values;
    return 0;
}

static void type(struct stats *stats, const char *text)
{
    printed_bytes = 0;
    printed[0] = '\0';
    stats_input(stats, text, (uint32_t)strlen(text));
}

static void test_counters_are_named(void **state)
{
    struct stats_config config = {0};
    struct stats stats;

    (void)state;
    printed_bytes = 0;
    stats_init(&stats, &config, &ops, NULL);
    assert_string_equal(printed, "stats> ");
    type(&stats, "counters\r");
    assert_non_null(strstr(printed, "\r\nexits 1000\r\n"));
    assert_non_null(strstr(printed, "idle_ticks 1017\r\n"));
    assert_non_null(strstr(printed, "end\r\nstats> "));
    assert_null(strstr(printed, "null"));
}

static void test_platform_without_counters_shows_none(void **state)
{
    struct stats_config config = {0};
    struct stats_ops without = ops;
    struct stats stats;

    (void)state;
    without.counters = no_counters;
    printed_bytes = 0;
    stats_init(&stats, &config, &without, NULL);
    type(&stats, "counters\n");
    assert_string_equal(printed, "counters\r\nticks 4711\r\nend\r\nstats> ");
}

static void test_switches_counters_carry_its_name(void **state)
{
    static struct vswitch_stats counted;
    struct stats_config config = {.switch_count = 1};
    struct stats stats;

    (void)state;
    for (unsigned int i = 0; i < VSWITCH_STAT_COUNT; i++) {
        counted.values[i] = 70 + i;
    }
    strcpy(config.switches[0].name, "lan");
    config.switches[0].stats = (uint64_t)(uintptr_t)&counted;
    printed_bytes = 0;
    stats_init(&stats, &config, &ops, NULL);
    type(&stats, "counters\n");
    assert_non_null(strstr(printed, "\r\nlan.runs 70\r\nlan.batches 71\r\nlan.frames 72\r\n"));
    assert_non_null(strstr(printed, "lan.notified 78\r\nticks 4711\r\nend\r\n"));
    assert_null(strstr(printed, "null"));
}

static void test_ports_counters_carry_switch_and_port(void **state)
{
    static struct vswitch_stats counted = {.port_count = 2};
    struct stats_config config = {.switch_count = 1};
    struct stats stats;

    (void)state;
    strcpy(counted.ports[0].name, "vm1");
    counted.ports[0].counters.rx_frames = 3;
    counted.ports[0].counters.mirrored = 4;
    counted.ports[0].counters.dropped[VSWITCH_DROP_LENGTH] = 5;
    counted.ports[0].counters.dropped[VSWITCH_DROP_STORM] = 6;
    memset(counted.ports[1].name, 'n', sizeof counted.ports[1].name); /* a name without an end */
    counted.ports[1].counters.tx_bytes = 7;
    strcpy(counted.ports[2].name, "none");
    counted.ports[2].counters.tx_bytes = 8;
    strcpy(config.switches[0].name, "lan");
    config.switches[0].stats = (uint64_t)(uintptr_t)&counted;
    printed_bytes = 0;
    stats_init(&stats, &config, &ops, NULL);
    type(&stats, "ports\n");
    assert_non_null(strstr(printed, "ports\r\nlan.vm1.rx_frames 3\r\nlan.vm1.mirrored 4\r\n"
                                    "lan.vm1.dropped_length 5\r\nlan.vm1.dropped_storm 6\r\nlan.nnn"));
    assert_non_null(strstr(printed, "nnn.tx_bytes 7\r\nend\r\n"));
    counted.port_count = UINT32_MAX; /* the switch may say anything */
    printed_bytes = 0;
    type(&stats, "ports\n");
    assert_non_null(strstr(printed, "lan.none.tx_bytes 8\r\nend\r\n"));
    assert_null(strstr(printed, "null"));
}

static void test_absent_counters_are_not_shown(void **state)
{
    struct stats_config config = {0};
    struct stats_ops few = ops;
    struct stats stats;

    (void)state;
    few.counters = few_counters;
    printed_bytes = 0;
    stats_init(&stats, &config, &few, NULL);
    type(&stats, "counters\n");
    assert_string_equal(printed,
                        "counters\r\nidle_ticks 5\r\nkernel_entries 6\r\nticks 4711\r\nend\r\nstats> ");
}

static void test_sum_changes_with_any_word(void **state)
{
    static uint64_t region[64];
    struct stats_config config = {.region_count = 1};
    struct stats stats;
    char before[sizeof printed];

    (void)state;
    strcpy(config.regions[0].name, "vm1_ram");
    config.regions[0].vaddr = (uint64_t)(uintptr_t)region;
    config.regions[0].bytes = sizeof region;
    printed_bytes = 0;
    stats_init(&stats, &config, &ops, NULL);
    type(&stats, "sums\n");
    assert_non_null(strstr(printed, "vm1_ram "));
    memcpy(before, printed, sizeof printed);
    type(&stats, "sums\n");
    assert_string_equal(before, printed);
    region[63] = 1;
    type(&stats, "sums\n");
    assert_string_not_equal(before, printed);
}

static void test_sum_of_one_region_by_name(void **state)
{
    static uint64_t region[8];
    struct stats_config config = {.region_count = 2};
    struct stats stats;

    (void)state;
    for (uint32_t i = 0; i < 2; i++) {
        config.regions[i].vaddr = (uint64_t)(uintptr_t)region;
        config.regions[i].bytes = sizeof region;
    }
    strcpy(config.regions[0].name, "one");
    strcpy(config.regions[1].name, "other");
    printed_bytes = 0;
    stats_init(&stats, &config, &ops, NULL);
    type(&stats, "sum other\n");
    assert_non_null(strstr(printed, "\r\nother "));
    assert_null(strstr(printed, "\r\none "));
    type(&stats, "sum oth\n");
    assert_non_null(strstr(printed, "\r\nend\r\n"));
    assert_null(strstr(printed, "\r\nother "));
}

static void test_long_and_unknown_lines_are_survived(void **state)
{
    struct stats_config config = {0};
    struct stats stats;
    char line[STATS_LINE_BYTES * 3];

    (void)state;
    printed_bytes = 0;
    stats_init(&stats, &config, &ops, NULL);
    memset(line, 'x', sizeof line);
    line[sizeof line - 2] = '\n';
    line[sizeof line - 1] = '\0';
    type(&stats, line);
    assert_non_null(strstr(printed, "counters: "));
    type(&stats, "\n");
    assert_string_equal(printed, "\r\nstats> ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_are_named),
        cmocka_unit_test(test_platform_without_counters_shows_none),
        cmocka_unit_test(test_absent_counters_are_not_shown),
        cmocka_unit_test(test_switches_counters_carry_its_name),
        cmocka_unit_test(test_ports_counters_carry_switch_and_port),
        cmocka_unit_test(test_sum_changes_with_any_word),
        cmocka_unit_test(test_sum_of_one_region_by_name),
        cmocka_unit_test(test_long_and_unknown_lines_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
