/* SPDX-License-Identifier: BSD-2-Clause */
/* The flight recorder: whose events it prints, which, and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/include/syscall.h"
#include "pd/stats/recorder.h"

#define CORES 2u
#define RING_BYTES SYSDESC_TRACE_MIN_RING_BYTES
#define RECORDS (RING_BYTES / SYSDESC_TRACE_RECORD_BYTES)
#define VMM1 1u
#define VM1_1 (SYSDESC_TRACE_VCPU_BASE + 2u)

static struct sysdesc_trace *memory;
static uint64_t skip;
static struct trace_rings rings;
static struct recorder recorder;
static char printed[0x8000];

static void print(void *context, const char *line)
{
    (void)context;
    assert_true(strlen(printed) + strlen(line) < sizeof(printed));
    strcat(printed, line);
}

/* A switch, two VMMs; vm2 with one vCPU, vm1 with two. */
static bool thread(void *context, uint32_t number, struct platform_thread *out)
{
    static const struct platform_thread threads[] = {
        {.name = "lan", .parent = SYSDESC_NO_PARENT},     {.name = "vm1_vmm", .parent = SYSDESC_NO_PARENT},
        {.name = "vm2_vmm", .parent = SYSDESC_NO_PARENT}, {.name = "vm2", .is_vcpu = true, .parent = 2},
        {.name = "vm1", .is_vcpu = true, .parent = VMM1}, {.name = "vm1", .is_vcpu = true, .parent = VMM1},
    };
    (void)context;

    if (number < sizeof(threads) / sizeof(threads[0])) {
        *out = threads[number];
    }
    return number < sizeof(threads) / sizeof(threads[0]);
}

static uint64_t ticks(void *context)
{
    (void)context;
    return 0;
}

static const struct recorder_ops ops = {.print = print, .thread = thread, .ticks = ticks, .hz = 10000000};

static void record(uint32_t core, uint64_t when, uint32_t kind, uint64_t who, uint64_t detail)
{
    struct sysdesc_trace_record *ring =
        (void *)((uint8_t *)memory + SYSDESC_TRACE_HEADER_BYTES + core * RING_BYTES);

    ring[memory->cores[core].written++ % RECORDS] = (struct sysdesc_trace_record){
        when, (uint64_t)kind << SYSDESC_TRACE_KIND_SHIFT | who << SYSDESC_TRACE_THREAD_SHIFT | detail};
}

static int setup(void **state)
{
    (void)state;
    memory = aligned_alloc(64, SYSDESC_TRACE_HEADER_BYTES + CORES * RING_BYTES);
    assert_non_null(memory);
    memset(memory, 0, SYSDESC_TRACE_HEADER_BYTES + CORES * RING_BYTES);
    rings = (struct trace_rings){.trace = memory, .cores = CORES, .records = RECORDS, .skip = &skip};
    record(0, 1, SYSDESC_TRACE_DIED, 0, 0); /* past */
    recorder_init(&recorder, &rings, &ops, NULL);
    printed[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void test_a_machines_last_events_are_printed_in_order(void **state)
{
    (void)state;
    record(1, 900, SYSDESC_TRACE_SWITCH, VM1_1, SYSDESC_TRACE_NOBODY);
    record(0, 910, SYSDESC_TRACE_EXIT_WFI, SYSDESC_TRACE_VCPU_BASE, 0); /* another's */
    record(1, 1000, SYSDESC_TRACE_EXIT_MMIO, VM1_1, 0x9000018 | SYSDESC_TRACE_STORE);
    record(0, 950, SYSDESC_TRACE_NOTIFY, 0, VMM1 | 3u << 8);
    record(0, 1234, SYSDESC_TRACE_MARK, VMM1, SYSCALL_TRACE_DEATH);
    record(0, 1300, SYSDESC_TRACE_STOP, VM1_1, 0); /* after it */
    recorder_look(&recorder);
    assert_string_equal(
        printed, "recorder: vm1_vmm says that its machine has died: the last 4 events up to then\n"
                 "recorder: -     33.4 us  core 1  vm1.1            switch         previous nobody\n"
                 "recorder: -     28.4 us  core 0  lan              notify         target vm1_vmm\n"
                 "recorder: -     23.4 us  core 1  vm1.1            exit_mmio      0x9000018 store\n"
                 "recorder: -      0.0 us  core 0  vm1_vmm          mark           value 0x800000000000\n");
    printed[0] = '\0';
    recorder_look(&recorder); /* once */
    assert_string_equal(printed, "");
}

static void test_no_more_than_the_last_are_printed(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 3 * RECORDS; i++) {
        record(0, i, SYSDESC_TRACE_EXIT_IRQ, VM1_1, 0);
    }
    record(1, 3 * RECORDS, SYSDESC_TRACE_FAULT, VMM1, 0x200040);
    recorder_look(&recorder);
    assert_memory_equal(printed, "recorder: vm1_vmm has faulted: the last 24 events up to then\n", 61);
    unsigned int lines = 0;
    for (const char *at = printed; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(lines, 1 + RECORDER_EVENTS);
    assert_non_null(strstr(printed, "fault          pc 0x200040\n"));
}

static void test_many_deaths_are_counted(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 100; i++) {
        record(0, i, SYSDESC_TRACE_MARK, VMM1, SYSCALL_TRACE_DEATH);
    }
    recorder_look(&recorder);
    assert_non_null(strstr(printed, "recorder: 96 more have died meanwhile\n"));
}

static void test_unknown_numbers_have_names_too(void **state)
{
    (void)state;
    record(0, 7, 200, VM1_1, 0xfeed);
    record(0, 8, SYSDESC_TRACE_SWITCH, VM1_1, 254);
    record(0, 9, SYSDESC_TRACE_SWITCH, 90, VM1_1);
    record(0, 10, SYSDESC_TRACE_DIED, VMM1, 0);
    recorder_look(&recorder);
    assert_non_null(strstr(printed, "vm1.1            event          detail 0xfeed\n"));
    assert_non_null(strstr(printed, "vm1.1            switch         previous thread 254\n"));
    assert_non_null(strstr(printed, "thread 90        switch         previous vm1.1\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_machines_last_events_are_printed_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_more_than_the_last_are_printed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_deaths_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_numbers_have_names_too, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
