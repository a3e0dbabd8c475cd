/* SPDX-License-Identifier: BSD-2-Clause */
/** A PD that has itself woken at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/core/child.h"
#include "tests/mock/mock_kernel.h"

#define CHANNEL 7u

static int setup(void **state)
{
    struct mock_kernel *mock = mock_kernel_new(3, 0);

    mock_kernel_boot(mock);
    *state = mock;
    return 0;
}

static int teardown(void **state)
{
    mock_kernel_free(*state);
    return 0;
}

static uint64_t after_us(uint64_t us)
{
    return arch_now() + us * arch_frequency() / 1000000u;
}

static void set(struct mock_kernel *mock, uint32_t pd, uint64_t time)
{
    assert_int_equal(mock_kernel_call(mock, pd, SYSCALL_ALARM, time, CHANNEL, 0, 0), SYSCALL_OK);
    mock_kernel_wait(mock, pd);
    (void)mock_kernel_pick(mock);
}

static void it_comes_once_and_not_before_its_time(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t time = after_us(500);

    set(mock, 1, time);
    mock_kernel_advance(mock, time - 1);
    assert_null(mock_kernel_pick(mock));
    mock_kernel_advance(mock, time);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
    assert_int_equal(mock_kernel_pd(mock, 1)->thread.context.x[1], 1u << CHANNEL);
    mock_kernel_wait(mock, 1);
    (void)mock_kernel_pick(mock);
    mock_kernel_advance(mock, after_us(10000));
    assert_null(mock_kernel_pick(mock));
}

static void a_new_one_replaces_the_old(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t early = after_us(100);
    const uint64_t late = after_us(900);

    set(mock, 1, early);
    set(mock, 1, late);
    mock_kernel_advance(mock, early);
    assert_null(mock_kernel_pick(mock));
    mock_kernel_advance(mock, late);
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
}

static void all_that_are_due_come_at_once(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t time = after_us(100);

    for (uint32_t pd = 0; pd < 3; pd++)
        set(mock, pd, time - pd);
    mock_kernel_advance(mock, time);
    for (uint32_t pd = 0; pd < 3; pd++)
        assert_int_equal(mock_kernel_pd(mock, pd)->thread.state, THREAD_READY);
}

static void it_can_be_taken_back(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t time = after_us(100);

    set(mock, 1, time);
    set(mock, 1, ARCH_NEVER);
    mock_kernel_advance(mock, time);
    assert_null(mock_kernel_pick(mock));
    assert_int_equal(arch_fake.deadline, ARCH_NEVER);
}

static void a_restart_takes_it_back(void **state)
{
    struct mock_kernel *mock = *state;
    const uint64_t time = after_us(100);

    set(mock, 1, time);
    child_restart(mock_kernel_pd(mock, 1), 0x1000);
    mock_kernel_wait(mock, 1);
    (void)mock_kernel_pick(mock);
    mock_kernel_advance(mock, time);
    assert_null(mock_kernel_pick(mock));
}

static void a_time_that_has_passed_is_now(void **state)
{
    struct mock_kernel *mock = *state;

    mock_kernel_advance(mock, after_us(100));
    set(mock, 1, 1);
    mock_kernel_advance(mock, arch_now());
    assert_ptr_equal(mock_kernel_pick(mock), &mock_kernel_pd(mock, 1)->thread);
}

static void a_channel_out_of_range_is_refused(void **state)
{
    struct mock_kernel *mock = *state;

    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_ALARM, 1, SYSDESC_MAX_CHANNELS, 0, 0),
                     SYSCALL_INVALID);
    assert_int_equal(mock_kernel_call(mock, 1, SYSCALL_ALARM, 1, UINT64_MAX, 0, 0), SYSCALL_INVALID);
    mock_kernel_wait(mock, 1);
    (void)mock_kernel_pick(mock);
    assert_int_equal(arch_fake.deadline, ARCH_NEVER);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(it_comes_once_and_not_before_its_time),
        CASE(a_new_one_replaces_the_old),
        CASE(all_that_are_due_come_at_once),
        CASE(it_can_be_taken_back),
        CASE(a_restart_takes_it_back),
        CASE(a_time_that_has_passed_is_now),
        CASE(a_channel_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
