/* SPDX-License-Identifier: BSD-2-Clause */
/* What `causeway trace` takes from a target, and the files that it writes. babeltrace2 reads them in tests/target/test_trace.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/trace_files.h"

#define VCPU SYSDESC_TRACE_VCPU_BASE
#define TICKS_HZ 1000000u

static struct trace_log trace;
static struct trace_wire_message message;
static char *text;
static size_t text_bytes;

static int setup(void **state)
{
    (void)state;
    trace = (struct trace_log){0};
    text = NULL;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    trace_log_free(&trace);
    free(text);
    return 0;
}

/* Whether it made sense. */
static bool take(void)
{
    const uint64_t before = trace.refused;

    trace_log_take(&trace, &message);
    return trace.refused == before;
}

static bool hello(uint32_t version, uint32_t hz, uint32_t cores, uint32_t records)
{
    trace_wire_begin(&message, TRACE_WIRE_HELLO, 0);
    trace_wire_put_u32(&message, version);
    trace_wire_put_u32(&message, hz);
    trace_wire_put_u32(&message, cores);
    trace_wire_put_u32(&message, records);
    return take();
}

static bool thread(uint8_t number, uint8_t is_vcpu, const char *name)
{
    const uint8_t about[] = {number, is_vcpu, 0, 100};

    trace_wire_begin(&message, TRACE_WIRE_THREAD, 0);
    trace_wire_put(&message, about, sizeof(about));
    trace_wire_put(&message, name, (uint32_t)strlen(name));
    return take();
}

static void begin_records(uint32_t core, uint64_t first, uint64_t ticks)
{
    trace_wire_begin(&message, TRACE_WIRE_RECORDS, core);
    trace_wire_put_u64(&message, first);
    trace_wire_put_u64(&message, ticks);
}

static void add(uint64_t *ticks, uint64_t when, uint64_t kind, uint64_t who, uint64_t detail)
{
    const struct sysdesc_trace_record record = {when, kind << SYSDESC_TRACE_KIND_SHIFT |
                                                          who << SYSDESC_TRACE_THREAD_SHIFT | detail};

    assert_true(trace_wire_put_record(&message, ticks, &record));
}

static bool end(uint64_t ticks, uint64_t from0, uint64_t to0, uint64_t from1, uint64_t to1)
{
    trace_wire_begin(&message, TRACE_WIRE_END, 0);
    trace_wire_put_u64(&message, ticks);
    trace_wire_put_u64(&message, from0);
    trace_wire_put_u64(&message, to0);
    trace_wire_put_u64(&message, from1);
    trace_wire_put_u64(&message, to1);
    return take();
}

/* vm1's two vCPUs and a switch on two cores; core 0 has lost 5 events in the middle. */
static void fill(void)
{
    uint64_t ticks = 1000;

    assert_true(hello(TRACE_WIRE_VERSION, TICKS_HZ, 2, 4096));
    assert_true(thread(0, 0, "lan") && thread(VCPU, 1, "vm1") && thread(VCPU + 1, 1, "vm1"));
    begin_records(0, 10, ticks);
    add(&ticks, 1000, SYSDESC_TRACE_EXIT_MMIO, VCPU, 0x9000018 | SYSDESC_TRACE_STORE);
    add(&ticks, 1002, SYSDESC_TRACE_SWITCH, 0, VCPU);
    assert_true(take());
    ticks = 1010;
    begin_records(0, 17, ticks);
    add(&ticks, 1010, SYSDESC_TRACE_NOTIFY, 0, 0 | 3u << 8);
    add(&ticks, 1020, SYSDESC_TRACE_SWITCH, SYSDESC_TRACE_NOBODY, 0);
    assert_true(take());
    ticks = 1005;
    begin_records(1, 0, ticks);
    add(&ticks, 1005, SYSDESC_TRACE_SWITCH, VCPU + 1, SYSDESC_TRACE_NOBODY);
    add(&ticks, 1006, 77, VCPU + 1, 0xabc);
    assert_true(take());
    assert_true(end(1050, 10, 19, 0, 2));
}

static const char *json(void)
{
    FILE *out = open_memstream(&text, &text_bytes);

    assert_non_null(out);
    trace_json_write(out, &trace);
    fclose(out);
    return text;
}

static void test_json_has_lanes_of_cores_and_threads(void **state)
{
    (void)state;
    fill();
    assert_int_equal(trace_log_count(&trace), 6);
    assert_int_equal(trace_log_lost(&trace.cores[0]), 5);
    assert_int_equal(trace_log_lost(&trace.cores[1]), 0);
    const char *got = json();
    const char *const parts[] = {
        "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n",
        "{\"ph\":\"M\",\"pid\":3,\"tid\":97,\"name\":\"thread_name\",\"args\":{\"name\":\"vm1.1\"}}",
        /* Who ran before the first switch; up to the end where nothing is missing. */
        "{\"ph\":\"X\",\"pid\":1,\"tid\":0,\"name\":\"vm1.0\",\"ts\":1000.000,\"dur\":2.000,\"args\":{"
        "\"core\":0}}",
        "{\"ph\":\"X\",\"pid\":1,\"tid\":1,\"name\":\"vm1.1\",\"ts\":1005.000,\"dur\":45.000,\"args\":{"
        "\"core\":1}}",
        "{\"ph\":\"X\",\"pid\":3,\"tid\":97,\"name\":\"runs\",\"ts\":1005.000,\"dur\":45.000,\"args\":{"
        "\"core\":1}}",
        /* From behind the gap on. */
        "{\"ph\":\"X\",\"pid\":1,\"tid\":0,\"name\":\"lan\",\"ts\":1010.000,\"dur\":10.000,\"args\":{"
        "\"core\":0}}",
        "\"name\":\"5 events lost\",\"ts\":1010.000}",
        "{\"ph\":\"i\",\"s\":\"t\",\"pid\":3,\"tid\":96,\"name\":\"exit_mmio\",\"ts\":1000.000,\"args\":{"
        "\"core\":0,"
        "\"address\":\"0x9000018\",\"access\":\"store\"}}",
        "\"name\":\"notify\",\"ts\":1010.000,\"args\":{\"core\":0,\"target\":\"lan\"}}",
        "\"name\":\"event\",\"ts\":1006.000,\"args\":{\"core\":1,\"detail\":\"0xabc\"}}",
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (strstr(got, parts[i]) == NULL) {
            fail_msg("%s is not in\n%s", parts[i], got);
        }
    }
}

static uint64_t number_at(size_t at, unsigned int bytes)
{
    uint64_t value = 0;

    assert_true(at + bytes <= text_bytes);
    for (unsigned int i = 0; i < bytes; i++) {
        value |= (uint64_t)(uint8_t)text[at + i] << 8 * i;
    }
    return value;
}

static void test_a_stream_has_a_packet_before_a_gap_and_one_behind(void **state)
{
    FILE *out;
    (void)state;

    fill();
    out = open_memstream(&text, &text_bytes);
    trace_ctf_stream(out, &trace, 0);
    fclose(out);
    assert_int_equal(number_at(0, 4), 0xc1fc1fc1);
    assert_int_equal(number_at(8, 8), 1000);
    assert_int_equal(number_at(16, 8), 1002);
    const size_t bytes = number_at(24, 8) / 8;
    assert_int_equal(bytes, 52 + 9 + 10 + 9 + 2);
    assert_int_equal(number_at(32, 8), 8 * bytes);
    assert_int_equal(number_at(40, 8), 0);
    assert_int_equal(number_at(52, 1), SYSDESC_TRACE_EXIT_MMIO);
    assert_int_equal(number_at(62, 8), 0x9000018);
    assert_int_equal(number_at(bytes, 4), 0xc1fc1fc1);
    assert_int_equal(number_at(bytes + 40, 8), 5); /* events that are missing */
    assert_int_equal(text_bytes, 2 * bytes + 3 - 10);
}

static void test_metadata_names_threads_and_events(void **state)
{
    FILE *out;
    (void)state;

    fill();
    out = open_memstream(&text, &text_bytes);
    trace_ctf_metadata(out, &trace);
    fclose(out);
    assert_memory_equal(text, "/* CTF 1.8 */\n", 14);
    assert_non_null(strstr(text, "freq = 1000000;"));
    assert_non_null(
        strstr(text, "{ \"lan\" = 0, \"vm1.0\" = 96, \"vm1.1\" = 97, \"nobody\" = 255 } := thread_t;"));
    assert_non_null(
        strstr(text, "event { name = \"notify\"; id = 14; stream_id = 0; fields := struct { thread_t thread; "
                     "thread_t target; uint8_t channel; }; };\n"));
}

static void test_what_makes_no_sense_is_refused(void **state)
{
    uint64_t ticks = 50;
    (void)state;

    begin_records(0, 0, 0);
    assert_false(take()); /* before HELLO */
    assert_false(hello(TRACE_WIRE_VERSION + 1, 1, 1, 16));
    assert_false(hello(TRACE_WIRE_VERSION, 0, 1, 16));
    assert_false(hello(TRACE_WIRE_VERSION, 1, 9, 16));
    assert_false(hello(TRACE_WIRE_VERSION, 1, 1, 0x200000));
    assert_true(hello(TRACE_WIRE_VERSION, 1, 1, 3));
    assert_false(hello(TRACE_WIRE_VERSION, 1, 1, 3));
    assert_false(thread(SYSDESC_TRACE_NOBODY, 0, "x"));
    assert_false(thread(3, 0, ""));
    assert_true(thread(3, 0, "a \"b\\\n\xff"));
    assert_string_equal(trace.threads[3].name, "a??b???");
    assert_false(thread(3, 0, "again"));
    begin_records(1, 0, 0);
    assert_false(take()); /* no such core */
    begin_records(0, 5, ticks);
    add(&ticks, 50, SYSDESC_TRACE_IRQ, 3, 1);
    assert_true(take());
    begin_records(0, 5, ticks);
    add(&ticks, 50, SYSDESC_TRACE_IRQ, 3, 1);
    assert_false(take()); /* it is there */
    ticks = 49;
    begin_records(0, 6, ticks);
    add(&ticks, 49, SYSDESC_TRACE_IRQ, 3, 1);
    assert_false(take()); /* time goes back */
    begin_records(0, 6, 60);
    message.payload[message.bytes++] = SYSDESC_TRACE_IRQ;
    assert_false(take()); /* a record that has no end */
    ticks = 70;
    begin_records(0, 6, ticks);
    for (uint64_t i = 0; i < 3; i++) {
        add(&ticks, 70, SYSDESC_TRACE_IRQ, 3, 1);
    }
    assert_false(take()); /* one more than the ring holds */
    assert_int_equal(trace.cores[0].count, 3);
    assert_false(end(80, 6, 9, 0, 0)); /* the first is not among them */
    assert_false(end(80, 0, 7, 0, 0));
    assert_true(end(80, 0, 9, 0, 0));
    assert_false(end(80, 0, 9, 0, 0));
    (void)json();
    assert_non_null(strstr(text, "5 events lost"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_json_has_lanes_of_cores_and_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_stream_has_a_packet_before_a_gap_and_one_behind, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(test_metadata_names_threads_and_events, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_makes_no_sense_is_refused, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
