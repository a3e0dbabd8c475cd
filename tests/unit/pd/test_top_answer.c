/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stats PD answers `causeway top`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/config/vswitch_stats.h"
#include "pd/stats/top.h"

static char printed[0x8000];
static size_t printed_bytes;
static uint32_t thread_count;

static void print(void *context, const char *text, uint32_t bytes)
{
    (void)context;
    assert_true(printed_bytes + bytes < sizeof(printed));
    memcpy(&printed[printed_bytes], text, bytes);
    printed_bytes += bytes;
    printed[printed_bytes] = '\0';
}

static bool thread(void *context, uint32_t number, struct platform_thread *out)
{
    (void)context;
    *out = (struct platform_thread){.is_vcpu = number == 1, .core = number, .priority = 100 + number};
    memcpy(out->name, number == 0 ? "a b\x80" : "vm1", number == 0 ? 5 : 4);
    for (uint32_t i = 0; i < SYSCALL_COUNTER_COUNT; i++) {
        out->counters[i] = number * 1000 + i;
    }
    return number < thread_count;
}

static bool core(void *context, uint32_t number, uint64_t counters[SYSCALL_COUNTER_COUNT])
{
    (void)context;
    memset(counters, 0, SYSCALL_COUNTER_COUNT * sizeof(counters[0]));
    counters[0] = UINT64_MAX;
    return number < thread_count;
}

static uint64_t ticks(void *context)
{
    (void)context;
    return 4711;
}

static const struct top_ops ops = {
    .print = print, .thread = thread, .core = core, .ticks = ticks, .hz = 62500000};

static struct vswitch_stats counted = {
    .values = {7, 8},
    .port_count = 1,
    .ports = {{.name = "vm1", .counters = {.rx_frames = 5, .dropped = {[VSWITCH_DROP_NOBODY] = 6}}}}};
static struct stats_config config = {.switch_count = 1};
static struct top top;

static int setup(void **state)
{
    (void)state;
    config.switches[0].stats = (uint64_t)(uintptr_t)&counted;
    memcpy(config.switches[0].name, "lan", 4);
    thread_count = 2;
    printed_bytes = 0;
    printed[0] = '\0';
    top_init(&top, &config, &ops, NULL);
    return 0;
}

static void ask(const char *text)
{
    top_input(&top, text, (uint32_t)strlen(text));
}

static void test_answer_has_all_cores_threads_and_switches(void **state)
{
    (void)state;
    ask("top\n");
    assert_true(top_is_asked(&top));
    top_answer(&top);
    assert_false(top_is_asked(&top));
    assert_ptr_equal(strstr(printed, "begin 1\ntime 4711 62500000\nof core exits exits_mmio "), printed);
    assert_non_null(strstr(printed, "\ncore 0 18446744073709551615 0 0 "));
    assert_non_null(strstr(printed, "\ncore 1 "));
    assert_null(strstr(printed, "\ncore 2 "));
    assert_non_null(strstr(printed, " idle_ticks run_ticks\n"));
    assert_non_null(strstr(printed, "\nthread a?b? pd 0 100 0 1 2 "));
    assert_non_null(strstr(printed, "\nthread vm1 vcpu 1 101 1000 1001 "));
    assert_non_null(strstr(printed, "\nof switch runs "));
    assert_non_null(strstr(printed, "\nswitch lan 7 8 0 "));
    assert_non_null(strstr(printed, "\nof port rx_frames rx_bytes "));
    assert_non_null(strstr(printed, " dropped_storm dropped_nobody\nport lan vm1 5 0 "));
    assert_non_null(strstr(printed, " 0 6\nend 1\n"));
    assert_string_equal(printed + strlen(printed) - 6, "end 1\n");
}

static void test_nothing_is_told_where_the_platform_tells_nothing(void **state)
{
    (void)state;
    thread_count = 0;
    top_answer(&top);
    assert_null(strstr(printed, "core"));
    assert_null(strstr(printed, "thread"));
    assert_non_null(strstr(printed, "switch lan"));
}

static void test_only_the_question_is_answered_and_once(void **state)
{
    (void)state;
    ask("what\n\ntopp\nto\np\ntop and a line that is much longer than any question\n");
    assert_false(top_is_asked(&top));
    ask("t");
    ask("op");
    assert_false(top_is_asked(&top));
    ask("\ntop\ntop\n");
    assert_true(top_is_asked(&top));
    top_answer(&top);
    assert_false(top_is_asked(&top));
    ask("top\nto");
    top_restart(&top);
    assert_false(top_is_asked(&top));
    ask("p\n");
    assert_false(top_is_asked(&top));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_answer_has_all_cores_threads_and_switches, setup),
        cmocka_unit_test_setup(test_nothing_is_told_where_the_platform_tells_nothing, setup),
        cmocka_unit_test_setup(test_only_the_question_is_answered_and_once, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
