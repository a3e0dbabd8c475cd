/* SPDX-License-Identifier: BSD-2-Clause */
/** Budgets of restarts, and the waits between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/restart/restart.h"

static const struct restart_policy policy = {
    .limit = 5, .window_ms = 1000, .backoff_ms = 10, .backoff_max_ms = 35};

static uint32_t take(struct restart *restart, const struct restart_policy *with, uint64_t now_ms)
{
    uint32_t wait_ms = UINT32_MAX;

    assert_int_equal(restart_take(restart, with, now_ms, &wait_ms), ERR_OK);
    return wait_ms;
}

static void the_first_is_at_once_and_then_waits_double(void **state)
{
    struct restart restart = {0};

    (void)state;
    assert_int_equal(take(&restart, &policy, 100), 0);
    assert_int_equal(take(&restart, &policy, 101), 10);
    assert_int_equal(take(&restart, &policy, 112), 20);
    assert_int_equal(take(&restart, &policy, 133), 35);
    assert_int_equal(take(&restart, &policy, 170), 35);
}

static void a_budget_is_used_up(void **state)
{
    struct restart restart = {0};
    uint32_t wait_ms;

    (void)state;
    for (uint64_t i = 0; i < 5; i++) {
        (void)take(&restart, &policy, 100 + i);
    }
    assert_int_equal(restart_take(&restart, &policy, 1099, &wait_ms), ERR_SPACE);
    /* The next window has a budget of its own. */
    (void)take(&restart, &policy, 1100);
    assert_int_equal(restart.count, 1);
}

static void who_has_lived_long_waits_no_more(void **state)
{
    struct restart restart = {0};

    (void)state;
    (void)take(&restart, &policy, 0);
    assert_int_equal(take(&restart, &policy, 1), 10);
    /* It came back at 11. A new window has begun, but it lived too short in it. */
    assert_int_equal(take(&restart, &policy, 1010), 20);
    assert_int_equal(take(&restart, &policy, 1030 + 1000), 0);
}

static void without_limit_or_backoff(void **state)
{
    const struct restart_policy free_of_both = {.window_ms = 1000};
    struct restart restart = {0};

    (void)state;
    for (uint64_t i = 0; i < 1000; i++) {
        assert_int_equal(take(&restart, &free_of_both, i), 0);
    }
}

static void counts_and_waits_do_not_wrap(void **state)
{
    const struct restart_policy large = {
        .window_ms = UINT32_MAX, .backoff_ms = 0x80000001u, .backoff_max_ms = UINT32_MAX};
    struct restart restart = {0};

    (void)state;
    assert_int_equal(take(&restart, &large, 0), 0);
    assert_int_equal(take(&restart, &large, 0), 0x80000001u);
    assert_int_equal(take(&restart, &large, 0), UINT32_MAX);
    restart.count = UINT32_MAX;
    assert_int_equal(take(&restart, &large, 0), UINT32_MAX);
    assert_int_equal(restart.count, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_is_at_once_and_then_waits_double),
        cmocka_unit_test(a_budget_is_used_up),
        cmocka_unit_test(who_has_lived_long_waits_no_more),
        cmocka_unit_test(without_limit_or_backoff),
        cmocka_unit_test(counts_and_waits_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
