/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/timer/timer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const uint32_t clients[] = {1, 5, 61};

static struct timer new_timer(void)
{
    struct timer timer;

    assert_int_equal(timer_init(&timer, clients, 3), ERR_OK);
    return timer;
}

static void nothing_is_due_at_first(void **state)
{
    struct timer timer = new_timer();

    (void)state;
    assert_true(timer_next(&timer) == TIMER_NEVER);
    assert_int_equal(timer_expire(&timer, UINT64_MAX), 0);
}

static void the_earliest_deadline_is_next(void **state)
{
    struct timer timer = new_timer();

    (void)state;
    assert_int_equal(timer_set(&timer, 1, 300), ERR_OK);
    assert_int_equal(timer_set(&timer, 5, 100), ERR_OK);
    assert_int_equal(timer_set(&timer, 61, 200), ERR_OK);
    assert_int_equal(timer_next(&timer), 100);
}

static void expiry_names_whose_time_has_come_once(void **state)
{
    struct timer timer = new_timer();

    (void)state;
    assert_int_equal(timer_set(&timer, 1, 300), ERR_OK);
    assert_int_equal(timer_set(&timer, 5, 100), ERR_OK);
    assert_int_equal(timer_set(&timer, 61, 200), ERR_OK);
    assert_int_equal(timer_expire(&timer, 99), 0);
    assert_true(timer_expire(&timer, 200) == (1ull << 5 | 1ull << 61));
    assert_int_equal(timer_expire(&timer, 200), 0);
    assert_int_equal(timer_next(&timer), 300);
}

static void a_new_deadline_replaces_the_old(void **state)
{
    struct timer timer = new_timer();

    (void)state;
    assert_int_equal(timer_set(&timer, 1, 100), ERR_OK);
    assert_int_equal(timer_set(&timer, 1, 500), ERR_OK);
    assert_int_equal(timer_expire(&timer, 400), 0);
    assert_int_equal(timer_next(&timer), 500);
}

static void zero_cancels(void **state)
{
    struct timer timer = new_timer();

    (void)state;
    assert_int_equal(timer_set(&timer, 1, 100), ERR_OK);
    assert_int_equal(timer_set(&timer, 1, 0), ERR_OK);
    assert_true(timer_next(&timer) == TIMER_NEVER);
    assert_int_equal(timer_expire(&timer, UINT64_MAX), 0);
}

static void others_are_refused(void **state)
{
    struct timer timer = new_timer();

    (void)state;
    assert_int_equal(timer_set(&timer, 0, 100), ERR_DENIED);
    assert_int_equal(timer_set(&timer, 62, 100), ERR_DENIED);
    assert_int_equal(timer_set(&timer, UINT32_MAX, 100), ERR_DENIED);
    assert_true(timer_next(&timer) == TIMER_NEVER);
}

static void a_wrong_configuration_is_refused(void **state)
{
    const uint32_t beyond[] = {1, 62};
    struct timer timer;

    (void)state;
    assert_int_equal(timer_init(&timer, beyond, 2), ERR_RANGE);
    assert_int_equal(timer_init(&timer, clients, TIMER_CHANNELS + 1), ERR_RANGE);
}

/* A deadline that a call has served already may leave an interrupt behind; a storm is held until the guard
 * comes. */
static void a_storm_waits_for_the_guard(void **state)
{
    struct timer timer = new_timer();

    (void)state;
    assert_int_equal(timer_set(&timer, 1, 100), ERR_OK);
    assert_false(timer_visit(&timer));
    for (uint32_t i = 0; i < TIMER_STRAYS; i++) {
        assert_true(timer_interrupt(&timer, 99));
    }
    assert_false(timer_interrupt(&timer, 99));
    assert_true(timer_visit(&timer));
    assert_false(timer_visit(&timer));
    assert_true(timer_interrupt(&timer, 99));
    /* One with a cause is none of them. */
    for (uint32_t i = 0; i < 2 * TIMER_STRAYS; i++) {
        assert_true(timer_interrupt(&timer, 100));
    }
    assert_false(timer_visit(&timer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_due_at_first),
        cmocka_unit_test(the_earliest_deadline_is_next),
        cmocka_unit_test(expiry_names_whose_time_has_come_once),
        cmocka_unit_test(a_new_deadline_replaces_the_old),
        cmocka_unit_test(zero_cancels),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(a_wrong_configuration_is_refused),
        cmocka_unit_test(a_storm_waits_for_the_guard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
