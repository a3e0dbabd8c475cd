/* SPDX-License-Identifier: BSD-2-Clause */
/* Where the guest's VMM counts its pauses in a page: a switch that waits for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/config/vhost_protocol.h"
#include "pd/vswitch/pause.h"

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
static struct vhost_pauses pauses;
static struct vswitch_port_config port;
static struct pause pause;

static int set_up(void **state)
{
    (void)state;
    now = 100;
    status = (struct vhost_status){0};
    pauses = (struct vhost_pauses){0};
    port = (struct vswitch_port_config){.status = (uintptr_t)&status, .pauses = (uintptr_t)&pauses};
    pause_init(&pause, &port);
    return 0;
}

static void test_each_pause_is_taken_once(void **state)
{
    (void)state;
    assert_false(pause_take(&pause));
    pauses.count = 3;
    assert_true(pause_take(&pause));
    assert_false(pause_take(&pause));
    pauses.count = 2; /* whatever a VMM writes there, its guest alone is concerned */
    assert_true(pause_take(&pause));
    assert_int_equal(pause_deadline(&pause, 1), PAUSE_NEVER);
}

static void test_who_waits_is_notified_until_it_has_heard(void **state)
{
    (void)state;
    pause_arm(&pause);
    assert_int_equal(status.wants_pause, 1);
    assert_int_equal(pause_deadline(&pause, 1), now + PAUSE_LONGEST_US);
    now += 1000;
    pause_arm(&pause); /* it waits since the first time */
    assert_int_equal(pause_deadline(&pause, 1), 100 + PAUSE_LONGEST_US);
    assert_false(pause_take(&pause));
    assert_int_equal(status.wants_pause, 1);
    pauses.count = 1;
    assert_true(pause_take(&pause));
    assert_int_equal(status.wants_pause, 0);
    assert_int_equal(pause_deadline(&pause, 1), PAUSE_NEVER);
}

static void test_guest_that_never_idles_counts_as_paused_in_the_end(void **state)
{
    (void)state;
    pause_arm(&pause);
    pause_expire(&pause, 1, 99 + PAUSE_LONGEST_US);
    assert_false(pause_take(&pause));
    pause_expire(&pause, 1, 100 + PAUSE_LONGEST_US);
    assert_int_equal(status.wants_pause, 0);
    assert_int_equal(pause_deadline(&pause, 1), PAUSE_NEVER);
    assert_true(pause_take(&pause));
    assert_false(pause_take(&pause));
}

static void test_nobody_who_does_not_wait_is_overdue(void **state)
{
    (void)state;
    pause_expire(&pause, 1, UINT64_MAX - 1);
    assert_false(pause_take(&pause));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_each_pause_is_taken_once, set_up),
        cmocka_unit_test_setup(test_who_waits_is_notified_until_it_has_heard, set_up),
        cmocka_unit_test_setup(test_guest_that_never_idles_counts_as_paused_in_the_end, set_up),
        cmocka_unit_test_setup(test_nobody_who_does_not_wait_is_overdue, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
