/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pd/vswitch/lazy.h"

static void test_one_setting_serves_all(void **state)
{
    struct lazy lazy = {0};

    (void)state;
    assert_true(lazy_add(&lazy, 0, 100));
    assert_int_equal(lazy.due, 100);
    assert_false(lazy_add(&lazy, 31, 150));
    assert_false(lazy_add(&lazy, 0, 200));
    assert_int_equal(lazy.due, 100);
    assert_int_equal(lazy_expire(&lazy), 0x80000001u);
    assert_int_equal(lazy_expire(&lazy), 0);
    assert_true(lazy_add(&lazy, 1, 300));
}

static void test_earlier_deadline_sets_anew(void **state)
{
    struct lazy lazy = {0};

    (void)state;
    assert_true(lazy_add(&lazy, 2, 100));
    assert_true(lazy_add(&lazy, 3, 50));
    assert_int_equal(lazy.due, 50);
    assert_int_equal(lazy_expire(&lazy), 0xc);
}

/* Whoever was interrupted meanwhile is not interrupted again; the timer goes off for nobody, which is cheaper
   than taking it back. */
static void test_dropped_ports_get_nothing(void **state)
{
    struct lazy lazy = {0};

    (void)state;
    assert_true(lazy_add(&lazy, 4, 100));
    lazy_drop(&lazy, 4);
    assert_false(lazy_add(&lazy, 5, 130));
    lazy_drop(&lazy, 6);
    assert_int_equal(lazy_expire(&lazy), 1u << 5);
    assert_true(lazy_add(&lazy, 4, 140));
    lazy_drop(&lazy, 4);
    assert_int_equal(lazy_expire(&lazy), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_setting_serves_all),
        cmocka_unit_test(test_earlier_deadline_sets_anew),
        cmocka_unit_test(test_dropped_ports_get_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
