/* SPDX-License-Identifier: BSD-2-Clause */
/* What the stats PD gives `causeway trace`, over the messages that it goes in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pd/stats/tracer.h"

#define CORES 2u
#define RING_BYTES SYSDESC_TRACE_MIN_RING_BYTES
#define RECORDS (RING_BYTES / SYSDESC_TRACE_RECORD_BYTES)

static struct sysdesc_trace *memory;
static uint64_t skip;
static struct trace_rings rings;
static struct tracer tracer;
static struct trace_wire_message message;
static struct trace_wire_reader reader;

static bool thread(void *context, uint32_t number, struct platform_thread *out)
{
    (void)context;
    *out = (struct platform_thread){.is_vcpu = number >= 2, .core = number, .priority = 7};
    strcpy(out->name, number >= 2 ? "vm1" : "pd");
    return number < 4;
}

static uint64_t ticks(void *context)
{
    (void)context;
    return 1000000;
}

static const struct tracer_ops ops = {.thread = thread, .ticks = ticks, .hz = 62500000};

static void record(uint32_t core, uint64_t when, uint32_t kind)
{
    struct sysdesc_trace_record *ring =
        (void *)((uint8_t *)memory + SYSDESC_TRACE_HEADER_BYTES + core * RING_BYTES);

    ring[memory->cores[core].written++ % RECORDS] =
        (struct sysdesc_trace_record){when, (uint64_t)kind << SYSDESC_TRACE_KIND_SHIFT | 3ull << 48 | when};
}

static int setup(void **state)
{
    (void)state;
    memory = aligned_alloc(64, SYSDESC_TRACE_HEADER_BYTES + CORES * RING_BYTES);
    assert_non_null(memory);
    memset(memory, 0, SYSDESC_TRACE_HEADER_BYTES + CORES * RING_BYTES);
    rings = (struct trace_rings){.trace = memory, .cores = CORES, .records = RECORDS, .skip = &skip};
    skip = 0;
    tracer_init(&tracer, &rings, &ops, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void say(const char *text)
{
    tracer_input(&tracer, text, (uint32_t)strlen(text));
}

/* The type of the next message, 0: there is none. */
static uint8_t next(void)
{
    uint8_t wire[TRACE_WIRE_MESSAGE_BYTES];
    const uint32_t bytes = tracer_next(&tracer, wire);

    memset(&reader, 0, sizeof(reader));
    for (uint32_t i = 0; i < bytes; i++) {
        assert_false(trace_wire_next(&reader, &message));
        trace_wire_byte(&reader, wire[i]);
    }
    return bytes != 0 && trace_wire_next(&reader, &message) ? message.type : 0;
}

static void expect_hello(void)
{
    assert_int_equal(next(), TRACE_WIRE_HELLO);
    for (uint32_t i = 0; i < 4; i++) {
        assert_int_equal(next(), TRACE_WIRE_THREAD);
        assert_int_equal(message.payload[0], i < 2 ? i : SYSDESC_TRACE_VCPU_BASE + i - 2);
        assert_int_equal(message.payload[1], i < 2 ? 0 : 1);
        assert_int_equal(message.bytes, 4 + (i < 2 ? 2 : 3));
    }
}

/* All records of RECORDS messages up to END; the numbers are checked, the kinds counted. */
static uint64_t take_records(uint32_t core, uint64_t first)
{
    uint64_t count = 0;

    while (message.type == TRACE_WIRE_RECORDS && message.core == core) {
        struct trace_wire_cursor cursor = trace_wire_open(&message);
        struct sysdesc_trace_record got;
        uint64_t number;
        uint64_t when;

        assert_true(trace_wire_get_u64(&cursor, &number) && trace_wire_get_u64(&cursor, &when));
        assert_int_equal(number, first + count);
        while (cursor.at != cursor.end) {
            assert_true(trace_wire_get_record(&cursor, &when, &got));
            assert_int_equal(got.ticks, got.what & SYSDESC_TRACE_DETAIL_MASK);
            count++;
        }
        (void)next();
    }
    return count;
}

static void test_what_is_recorded_between_start_and_stop(void **state)
{
    (void)state;
    record(0, 1, SYSDESC_TRACE_IRQ);
    say("start\n");
    expect_hello();
    assert_int_equal(next(), TRACE_WIRE_STARTED);
    assert_int_equal(next(), 0);
    assert_int_equal(skip, 0);
    for (uint64_t i = 0; i < 1000; i++) {
        record(0, 1000 * i, SYSDESC_TRACE_IRQ);
    }
    record(1, 5, SYSDESC_TRACE_SWITCH);
    say("stop\n");
    assert_true((skip >> SYSDESC_TRACE_SWITCH & 1) == 1 && (skip >> SYSDESC_TRACE_DIED & 1) == 0);
    record(1, 6, SYSDESC_TRACE_SWITCH); /* too late */
    (void)next();
    assert_int_equal(take_records(0, 1), 1000);
    assert_int_equal(take_records(1, 0), 1);
    assert_int_equal(message.type, TRACE_WIRE_END);
    assert_int_equal(message.bytes, 8 + CORES * 16);
    assert_int_equal(message.payload[8], 1);
    assert_int_equal(skip, 0);
    assert_int_equal(next(), 0);
    say("stop\n"); /* nothing was started */
    assert_int_equal(next(), 0);
}

static void test_what_was_overwritten_is_left_out(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < RECORDS + 10; i++) {
        record(0, i, SYSDESC_TRACE_IRQ);
    }
    say("last\n");
    expect_hello();
    (void)next();
    /* The oldest might be the one that is being overwritten. */
    assert_int_equal(take_records(0, 11), RECORDS - 1);
    assert_int_equal(message.type, TRACE_WIRE_END);
}

static void test_records_lost_while_they_are_read_leave_a_gap(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < RECORDS / 2; i++) {
        record(0, i, SYSDESC_TRACE_IRQ);
    }
    say("last\n");
    expect_hello();
    assert_int_equal(next(), TRACE_WIRE_RECORDS);
    for (uint64_t i = 0; i < RECORDS; i++) {
        record(0, i, SYSDESC_TRACE_DIED); /* what is recorded all the same */
    }
    assert_int_equal(next(), TRACE_WIRE_END);
}

static void test_a_tool_that_goes_stops_nothing(void **state)
{
    (void)state;
    record(0, 1, SYSDESC_TRACE_IRQ);
    say("last\n");
    assert_int_not_equal(skip, 0);
    tracer_restart(&tracer);
    assert_int_equal(skip, 0);
    assert_int_equal(next(), 0);
    say("nothing of this\nis a comm");
    say("and that is known and far too long for a line of it\nst");
    assert_int_equal(next(), 0);
    say("art\n");
    expect_hello();
}

static void test_stop_before_the_start_was_told(void **state)
{
    (void)state;
    say("start\nstop\n");
    expect_hello();
    assert_int_equal(next(), TRACE_WIRE_STARTED);
    assert_int_equal(next(), TRACE_WIRE_END);
}

static void test_the_line_may_be_noisy(void **state)
{
    uint8_t wire[TRACE_WIRE_MESSAGE_BYTES];
    (void)state;

    memset(&reader, 0, sizeof(reader));
    say("start\n");
    const uint32_t bytes = tracer_next(&tracer, wire);
    /* A start that promises more than comes, then the message: it is found in what was taken for the other. */
    const uint8_t junk[] = {'T', 'T', 'r', 1, 0, 40, 0, 0, 0, 0, 0, 'T'};
    for (size_t i = 0; i < sizeof(junk); i++) {
        trace_wire_byte(&reader, junk[i]);
        assert_false(trace_wire_next(&reader, &message));
    }
    unsigned int found = 0;
    for (unsigned int round = 0; round < 3; round++) {
        for (uint32_t i = 0; i < bytes; i++) {
            trace_wire_byte(&reader, wire[i]);
            while (trace_wire_next(&reader, &message)) {
                found++;
            }
        }
    }
    assert_int_equal(found, 3);
    assert_int_equal(reader.skipped, sizeof(junk));
    wire[bytes - 1] ^= 1;
    for (uint32_t i = 0; i < bytes; i++) {
        trace_wire_byte(&reader, wire[i]);
        assert_false(trace_wire_next(&reader, &message));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_recorded_between_start_and_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_was_overwritten_is_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_records_lost_while_they_are_read_leave_a_gap, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_tool_that_goes_stops_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_before_the_start_was_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_line_may_be_noisy, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
