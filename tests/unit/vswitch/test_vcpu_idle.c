/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the guest's VMM counts its pauses in a page: a switch that waits for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/config/vhost_protocol.h"
#include "pd/vswitch/vcpu_idle.h"

#define HZ 1000000u

static uint64_t now;

uint32_t clock_hz(void)
{
    return HZ;
}

uint64_t clock_ticks(void)
{
    return now;
}

static struct vhost_status status;
static struct vhost_idle_count idle_count;
static struct vswitch_port_config port;
static struct vcpu_idle idle;

static int set_up(void **state)
{
    (void)state;
    now = 100;
    status = (struct vhost_status){0};
    idle_count = (struct vhost_idle_count){0};
    port = (struct vswitch_port_config){.status = (uintptr_t)&status, .idle_count = (uintptr_t)&idle_count};
    vcpu_idle_init(&idle, &port);
    return 0;
}

static void test_each_idle_time_is_taken_once(void **state)
{
    (void)state;
    assert_false(vcpu_idle_take(&idle));
    idle_count.count = 3;
    assert_true(vcpu_idle_take(&idle));
    assert_false(vcpu_idle_take(&idle));
    idle_count.count = 2; /* whatever a VMM writes there, its guest alone is concerned */
    assert_true(vcpu_idle_take(&idle));
    assert_int_equal(vcpu_idle_deadline(&idle, 1), VCPU_IDLE_NEVER);
}

static void test_who_waits_is_notified_until_it_has_heard(void **state)
{
    (void)state;
    vcpu_idle_arm(&idle);
    assert_int_equal(status.wants_idle, 1);
    assert_int_equal(vcpu_idle_deadline(&idle, 1), now + VCPU_IDLE_LONGEST_US);
    now += 1000;
    vcpu_idle_arm(&idle); /* it waits since the first time */
    assert_int_equal(vcpu_idle_deadline(&idle, 1), 100 + VCPU_IDLE_LONGEST_US);
    assert_false(vcpu_idle_take(&idle));
    assert_int_equal(status.wants_idle, 1);
    idle_count.count = 1;
    assert_true(vcpu_idle_take(&idle));
    assert_int_equal(status.wants_idle, 0);
    assert_int_equal(vcpu_idle_deadline(&idle, 1), VCPU_IDLE_NEVER);
}

static void test_guest_that_never_idles_counts_as_idle_in_the_end(void **state)
{
    (void)state;
    vcpu_idle_arm(&idle);
    vcpu_idle_expire(&idle, 1, 99 + VCPU_IDLE_LONGEST_US);
    assert_false(vcpu_idle_take(&idle));
    vcpu_idle_expire(&idle, 1, 100 + VCPU_IDLE_LONGEST_US);
    assert_int_equal(status.wants_idle, 0);
    assert_int_equal(vcpu_idle_deadline(&idle, 1), VCPU_IDLE_NEVER);
    assert_true(vcpu_idle_take(&idle));
    assert_false(vcpu_idle_take(&idle));
}

static void test_nobody_who_does_not_wait_is_overdue(void **state)
{
    (void)state;
    vcpu_idle_expire(&idle, 1, UINT64_MAX - 1);
    assert_false(vcpu_idle_take(&idle));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_idle_time_is_taken_once, set_up),
        cmocka_unit_test_setup(test_who_waits_is_notified_until_it_has_heard, set_up),
        cmocka_unit_test_setup(test_guest_that_never_idles_counts_as_idle_in_the_end, set_up),
        cmocka_unit_test_setup(test_nobody_who_does_not_wait_is_overdue, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
