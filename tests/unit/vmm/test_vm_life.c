/* SPDX-License-Identifier: BSD-2-Clause */
/* How a machine ends, and what follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/log_record.h"
#include "tests/mock/vm_fixture.h"
#include "vmm/platform_fake.h"

static void test_restarts_are_limited(void **state)
{
    struct vm_fixture *f = *state;
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CRASH};

    f->config.on_crash = VMM_EXIT_RESTART;
    f->config.restart = (struct restart_policy){.limit = 2, .window_ms = 1000};
    vm_fixture_start(f);
    for (uint32_t i = 0; i < 2; i++) {
        platform_fake.milliseconds = 5000 + i;
        assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
        assert_true(platform_fake.vcpus[0].running);
    }
    /* The window is over: two more. */
    for (uint32_t i = 0; i < 2; i++) {
        platform_fake.milliseconds = 6000 + i;
        assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
        assert_true(platform_fake.vcpus[0].running);
    }
    platform_fake.milliseconds = 6999;
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.vcpus[0].start_count, 5);
    assert_non_null(strstr(log_record_text(), "2 times within 1000 ms"));
}

static void test_restarts_wait_longer_each_time(void **state)
{
    struct vm_fixture *f = *state;
    struct platform_exit exit = {.reason = PLATFORM_EXIT_CRASH};

    f->config.on_crash = VMM_EXIT_RESTART;
    f->config.restart = (struct restart_policy){.window_ms = 1000, .backoff_ms = 30, .backoff_max_ms = 500};
    platform_fake.milliseconds = 100;
    vm_fixture_start(f);
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
    assert_true(platform_fake.vcpus[0].running);
    assert_int_equal(vm_exit(&f->vm, &exit), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.alarm, 130);
    /* Early: it goes on waiting. */
    platform_fake.milliseconds = 129;
    platform_fake.alarm = 0;
    vm_alarm(&f->vm);
    assert_false(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.alarm, 130);
    platform_fake.milliseconds = 130;
    vm_alarm(&f->vm);
    assert_true(platform_fake.vcpus[0].running);
    vm_alarm(&f->vm);
    assert_int_equal(platform_fake.vcpus[0].start_count, 3);
}

static void test_memory_of_a_stopped_guest_is_cleared(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t value = 0;

    vm_fixture_start(f);
    f->ram[0x900000] = 0x77;
    assert_int_equal(vm_fixture_psci(f, PSCI_SYSTEM_OFF, false), PLATFORM_RESUME_STAY);
    assert_false(platform_fake.vcpus[0].running);
    for (size_t i = 0; i < VM_FIXTURE_RAM_BYTES; i++) {
        assert_int_equal(f->ram[i], 0);
    }
    /* And its devices are as after a reset: whoever worked on its queues has let go of them. */
    assert_int_equal(vm_fixture_access(f, VM_FIXTURE_NET + 0x70, false, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(value, 0);
}

static void test_a_new_start_of_the_vmm_stops_the_guest(void **state)
{
    struct vm_fixture *f = *state;

    vm_fixture_start(f);
    memset(&f->vm, 0, sizeof f->vm);
    assert_int_equal(vm_init(&f->vm, &f->config), ERR_OK);
    assert_false(platform_fake.vcpus[0].running);
    vm_start_later(&f->vm, 20);
    assert_false(platform_fake.vcpus[0].running);
    platform_fake.milliseconds = 20;
    vm_alarm(&f->vm);
    assert_int_equal(platform_fake.vcpus[0].start_count, 2);
    vm_stay_off(&f->vm);
    assert_false(platform_fake.vcpus[0].running);
    vm_alarm(&f->vm);
    assert_int_equal(platform_fake.vcpus[0].start_count, 2);
}

#define WATCHDOG 0x09100000ull

static void add_watchdog(struct vm_fixture *f)
{
    f->config.devices[f->config.device_count++] =
        (struct vmm_device_config){.kind = VMM_DEVICE_WATCHDOG,
                                   .name = "watchdog",
                                   .gpa = WATCHDOG,
                                   .bytes = WATCHDOG_WINDOW_BYTES,
                                   .virq = 44,
                                   .u.watchdog = {.limit_ms = 4000, .boot_ms = 30000}};
}

static void test_guest_that_never_boots_has_crashed(void **state)
{
    struct vm_fixture *f = *state;

    add_watchdog(f);
    f->config.on_crash = VMM_EXIT_RESTART;
    vm_fixture_start(f);
    assert_int_equal(platform_fake.alarm, 30000);
    platform_fake.milliseconds = 29999;
    vm_alarm(&f->vm);
    assert_int_equal(platform_fake.vcpus[0].start_count, 1);
    platform_fake.milliseconds = 30000;
    vm_alarm(&f->vm);
    assert_int_equal(platform_fake.vcpus[0].start_count, 2);
    assert_int_equal(platform_fake.alarm, 60000);
    assert_non_null(strstr(log_record_text(), "no sign of life"));
}

static void test_guest_that_falls_silent_has_crashed(void **state)
{
    struct vm_fixture *f = *state;
    uint64_t value = 0;

    add_watchdog(f);
    vm_fixture_start(f);
    value = 62500000; /* a second: half the time */
    assert_int_equal(vm_fixture_access(f, WATCHDOG + WATCHDOG_WOR, true, &value), PLATFORM_RESUME_DONE);
    assert_int_equal(platform_fake.alarm, 1000);
    for (uint64_t now = 900; now < 9000; now += 900) {
        platform_fake.milliseconds = now;
        assert_int_equal(vm_fixture_access(f, WATCHDOG + WATCHDOG_FRAME_BYTES, true, &value),
                         PLATFORM_RESUME_DONE);
        assert_int_equal(platform_fake.alarm, now + 1000);
    }
    platform_fake.milliseconds = 9100;
    vm_alarm(&f->vm);
    assert_true(platform_fake.vcpus[0].running);
    assert_int_equal(platform_fake.alarm, 10100);
    platform_fake.milliseconds = 10100;
    vm_alarm(&f->vm);
    assert_false(platform_fake.vcpus[0].running);
}

static void test_guest_that_ends_by_itself_has_no_watchdog(void **state)
{
    struct vm_fixture *f = *state;

    add_watchdog(f);
    vm_fixture_start(f);
    assert_int_equal(vm_fixture_psci(f, PSCI_SYSTEM_OFF, false), PLATFORM_RESUME_STAY);
    assert_int_equal(platform_fake.alarm, PLATFORM_NEVER);
    platform_fake.milliseconds = 100000;
    vm_alarm(&f->vm);
    assert_null(strstr(log_record_text(), "no sign of life"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, vm_fixture_setup, vm_fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_restarts_are_limited),
        TEST(test_restarts_wait_longer_each_time),
        TEST(test_memory_of_a_stopped_guest_is_cleared),
        TEST(test_a_new_start_of_the_vmm_stops_the_guest),
        TEST(test_guest_that_never_boots_has_crashed),
        TEST(test_guest_that_falls_silent_has_crashed),
        TEST(test_guest_that_ends_by_itself_has_no_watchdog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
