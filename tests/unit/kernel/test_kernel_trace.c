/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's rings of events: what is recorded, that it wraps, that its reader can have it left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/fault.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu_exit.h"
#include "microkit/include/sel4/sel4.h"
#include "tests/mock/mock_kernel.h"

#define READER 2u
#define CHANNEL 7u
#define RING_BYTES SYSDESC_TRACE_MIN_RING_BYTES
#define RECORDS (RING_BYTES / SYSDESC_TRACE_RECORD_BYTES)

static struct sysdesc_trace *rings;

static const struct sysdesc_trace_record *record(uint64_t number)
{
    const struct sysdesc_trace_record *ring =
        (const void *)((const uint8_t *)rings + SYSDESC_TRACE_HEADER_BYTES);

    return &ring[number % RECORDS];
}

static void describe_rings(struct mock_kernel *mock)
{
    mock->desc.trace = (uintptr_t)rings;
    mock->desc.trace_ring_bytes = RING_BYTES;
    mock->desc.trace_pd = READER;
    mock->desc.trace_channel = CHANNEL;
}

static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(3, 1);

    rings = aligned_alloc(SYSDESC_TRACE_HEADER_BYTES, SYSDESC_TRACE_HEADER_BYTES + RING_BYTES);
    assert_non_null(rings);
    memset(rings, 0xff, SYSDESC_TRACE_HEADER_BYTES + RING_BYTES); /* as RAM may be */
    describe_rings(mock);
    mock_kernel_join(mock, 0, 5, 1, 9);
    mock->pds[0].channels[5].kind |= SYSDESC_CHANNEL_PPC;
    mock->pds[READER].channels[CHANNEL].kind = SYSDESC_CHANNEL_VALID;
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    free(rings);
    return 0;
}

static void boot(struct mock_kernel *mock)
{
    assert_null(boot_check(&mock->desc));
    mock_kernel_boot(mock);
}

static void check(uint64_t number, enum sysdesc_trace_kind kind, uint64_t thread, uint64_t detail)
{
    assert_true(number < rings->cores[0].written);
    assert_int_equal(record(number)->what >> SYSDESC_TRACE_KIND_SHIFT, kind);
    assert_int_equal(record(number)->what >> SYSDESC_TRACE_THREAD_SHIFT & 0xff, thread);
    assert_int_equal(record(number)->what & SYSDESC_TRACE_DETAIL_MASK, detail);
}

static uint64_t written(void)
{
    return rings->cores[0].written;
}

static void test_impossible_rings_are_refused(void **state)
{
    struct mock_kernel *mock = *state;
    const struct sysdesc good = mock->desc;

    assert_null(boot_check(&mock->desc));
    mock->desc.trace_pd = 3;
    assert_non_null(boot_check(&mock->desc));
    mock->desc = good;
    mock->desc.trace_channel = SYSDESC_MAX_CHANNELS;
    assert_non_null(boot_check(&mock->desc));
    mock->desc = good;
    mock->desc.trace += 16;
    assert_non_null(boot_check(&mock->desc));
    const uint64_t bad[] = {0, RING_BYTES / 2, RING_BYTES + 16, 2 * SYSDESC_TRACE_MAX_RING_BYTES};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        mock->desc = good;
        mock->desc.trace_ring_bytes = bad[i];
        assert_non_null(boot_check(&mock->desc));
    }
    mock->desc = good;
}

static void test_notifications_calls_and_switches_are_recorded(void **state)
{
    struct mock_kernel *mock = *state;

    boot(mock);
    uint64_t at = written();
    arch_fake.now = 4711;
    (void)mock_kernel_call(mock, 0, SYSCALL_NOTIFY, 5, 0, 0, 0);
    check(at, SYSDESC_TRACE_NOTIFY, 0, 1 | 9u << 8);
    assert_int_equal(record(at)->ticks, 4711);
    at = written();
    const struct thread *before = mock->kernel.cores[0].current;
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
    check(at, SYSDESC_TRACE_SWITCH, 1, trace_number(before));
    mock_kernel_wait(mock, 1);
    (void)mock_kernel_pick(mock);
    at = written();
    (void)mock_kernel_call(mock, 0, SYSCALL_PPC, 5, 0, 0, 0);
    check(at, SYSDESC_TRACE_PPC, 0, 1);
    at = written();
    (void)mock_kernel_call(mock, 1, SYSCALL_WAIT, SYSCALL_WAIT_REPLY, 0, 0, 0);
    check(at, SYSDESC_TRACE_PPC_RETURN, 1, 0);
}

static void test_a_vcpu_is_numbered_behind_all_pds(void **state)
{
    struct mock_kernel *mock = *state;
    struct vcpu *vcpu = mock_kernel_vcpu(mock, 0);

    boot(mock);
    uint64_t at = written();
    (void)mock_kernel_call(mock, 0, SYSCALL_VCPU_START, vcpu->row->child_id, 0x40200000, 0, 0);
    check(at, SYSDESC_TRACE_START, SYSDESC_TRACE_VCPU_BASE, 0x40200000);
    at = written();
    vcpu_exit_abort(vcpu, 0x93c08047, 0xb000010, 0); /* a store */
    check(at, SYSDESC_TRACE_EXIT_MMIO, SYSDESC_TRACE_VCPU_BASE, 0xb000010 | SYSDESC_TRACE_STORE);
    at = written();
    (void)mock_kernel_call(mock, 0, SYSCALL_VCPU_STOP, vcpu->row->child_id, 0, 0, 0);
    check(at, SYSDESC_TRACE_STOP, SYSDESC_TRACE_VCPU_BASE, 0);
}

static void test_the_ring_wraps_and_its_count_grows(void **state)
{
    struct mock_kernel *mock = *state;

    boot(mock);
    while (written() < RECORDS + 3) {
        (void)mock_kernel_call(mock, 0, SYSCALL_TRACE_MARK, written(), 0, 0, 0);
    }
    check(RECORDS + 2, SYSDESC_TRACE_MARK, 0, RECORDS + 2);
    assert_int_equal(record(2)->what & SYSDESC_TRACE_DETAIL_MASK, RECORDS + 2);
}

static void test_the_reader_may_have_events_left_out(void **state)
{
    struct mock_kernel *mock = *state;

    boot(mock);
    mock->words[READER][SYSDESC_TRACE_SKIP_WORD] = 1ull << SYSDESC_TRACE_NOTIFY;
    const uint64_t at = written();
    (void)mock_kernel_call(mock, 0, SYSCALL_NOTIFY, 5, 0, 0, 0);
    assert_int_equal(written(), at);
    (void)mock_kernel_call(mock, 0, SYSCALL_TRACE_MARK, 1, 0, 0, 0);
    assert_int_equal(written(), at + 1);
}

static void test_deaths_are_told(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t words[] = {0x200040, 8, 0, 0x93820046};
    const uint64_t *x = mock_kernel_pd(mock, READER)->thread.context.x;

    boot(mock);
    assert_int_equal(mock_kernel_pd(mock, READER)->thread.state, THREAD_WAITING);
    (void)mock_kernel_call(mock, 0, SYSCALL_TRACE_MARK, 1, 0, 0, 0);
    assert_int_equal(mock_kernel_pd(mock, READER)->thread.state, THREAD_WAITING);
    (void)mock_kernel_call(mock, 0, SYSCALL_TRACE_MARK, SYSCALL_TRACE_DEATH, 0, 0, 0);
    assert_int_equal(mock_kernel_pd(mock, READER)->thread.state, THREAD_READY);
    assert_int_equal(x[1], 1u << CHANNEL);
    mock_kernel_wait(mock, READER);
    mock_kernel_pd(mock, 1)->thread.context.pc = 0x200040;
    const uint64_t at = written();
    fault_pd(mock_kernel_pd(mock, 1), seL4_Fault_VMFault, words, 4, 0x93820046, 8);
    check(at, SYSDESC_TRACE_DIED, 1, 0x200040);
    assert_int_equal(mock_kernel_pd(mock, READER)->thread.state, THREAD_READY);
}

static void test_without_rings_nothing_is_recorded(void **state)
{
    struct mock_kernel *mock = *state;

    mock->desc.trace = 0;
    boot(mock);
    (void)mock_kernel_call(mock, 0, SYSCALL_NOTIFY, 5, 0, 0, 0);
    assert_int_equal(mock_kernel_call(mock, 0, SYSCALL_TRACE_MARK, SYSCALL_TRACE_DEATH, 0, 0, 0),
                     SYSCALL_DENIED);
    assert_int_equal(written(), ~0ull);
    assert_int_equal(mock_kernel_pd(mock, READER)->thread.state, THREAD_WAITING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_impossible_rings_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_notifications_calls_and_switches_are_recorded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_vcpu_is_numbered_behind_all_pds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_ring_wraps_and_its_count_grows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_reader_may_have_events_left_out, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deaths_are_told, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_rings_nothing_is_recorded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
