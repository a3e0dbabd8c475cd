/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/base/err.h"

static void test_every_code_has_its_own_text(void **state)
{
    (void)state;
    for (int i = 0; i < ERR_COUNT; i++) {
        assert_string_not_equal(err_text((enum err)i), "unknown error");
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(err_text((enum err)i), err_text((enum err)j));
        }
    }
}

static void test_unknown_code_has_a_text(void **state)
{
    (void)state;
    assert_string_equal(err_text((enum err)ERR_COUNT), "unknown error");
    assert_string_equal(err_text((enum err) - 1), "unknown error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_code_has_its_own_text),
        cmocka_unit_test(test_unknown_code_has_a_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
