/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/language/vars.h"

static struct vars vars;

static void assert_expands(const char *text, const char *expected, int errors)
{
    struct diag *diag = diag_new();
    bool failed;
    char *value = vars_expand(&vars, diag, (struct loc){0}, "test", text, &failed);

    assert_string_equal(value, expected);
    assert_int_equal(diag_error_count(diag), errors);
    assert_true(failed == (errors > 0));
    free(value);
    diag_free(diag);
}

static int set_up(void **state)
{
    (void)state;
    vars = (struct vars){0};
    return vars_define(&vars, "A=1") && vars_define(&vars, "B_2=${A}") && vars_define(&vars, "EMPTY=") ? 0
                                                                                                       : -1;
}

static int tear_down(void **state)
{
    (void)state;
    vars_free(&vars);
    return 0;
}

static void test_replaces(void **state)
{
    (void)state;
    assert_expands("plain", "plain", 0);
    assert_expands("x${A}y${A}", "x1y1", 0);
    assert_expands("${B_2}", "${A}", 0); /* values are not expanded again */
    assert_expands("$${A} $ $x", "${A} $ $x", 0);
    assert_expands("${EMPTY}", "", 0);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_expands("${A:-2}", "1", 0);
    assert_expands("${NONE:-2}", "2", 0);
    assert_expands("${EMPTY:-2}", "2", 0);
    assert_expands("${NONE:-}", "", 0);
    assert_expands("${NONE:-a${A}b${NONE:-c}d}e", "a1bcde", 0);
}

static void test_mistakes_are_reported_once(void **state)
{
    (void)state;
    assert_expands("${NONE}", "", 1);
    assert_expands("${NONE} ${NONE}", "", 1);
    assert_expands("a${A", "a", 1);
    assert_expands("${}", "", 1);
    assert_expands("${1A}", "", 1);
    assert_expands("${A:2}", "", 1);
    assert_expands("${A B}", "", 1);
    assert_expands("${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-${X:-deep}}}}}}}}}", "", 1);
}

static void test_later_definitions_win(void **state)
{
    (void)state;
    assert_true(vars_define(&vars, "A=3=4"));
    assert_string_equal(vars_get(&vars, "A"), "3=4");
    assert_false(vars_define(&vars, "A"));
    assert_false(vars_define(&vars, "=x"));
    assert_false(vars_define(&vars, "1=x"));
}

static void test_environment_comes_last(void **state)
{
    (void)state;
    assert_int_equal(setenv("CAUSEWAY_TEST_VARIABLE", "env", 1), 0);
    assert_null(vars_get(&vars, "CAUSEWAY_TEST_VARIABLE"));
    vars.use_environment = true;
    assert_string_equal(vars_get(&vars, "CAUSEWAY_TEST_VARIABLE"), "env");
    assert_true(vars_define(&vars, "CAUSEWAY_TEST_VARIABLE=line"));
    assert_string_equal(vars_get(&vars, "CAUSEWAY_TEST_VARIABLE"), "line");
}

static void test_size_is_bounded(void **state)
{
    (void)state;
    char *long_value = calloc(1, 60002);
    struct diag *diag = diag_new();

    memcpy(long_value, "L=", 2);
    memset(long_value + 2, 'x', 59999);
    assert_true(vars_define(&vars, long_value));
    free(long_value);

    bool failed;
    char *value = vars_expand(&vars, diag, (struct loc){0}, "test", "${L}${L}", &failed);

    assert_int_equal(diag_error_count(diag), 1);
    assert_int_equal(strlen(value), 59999);
    free(value);
    diag_free(diag);
}

static void test_settings_that_nothing_names(void **state)
{
    (void)state;
    size_t index = 0;

    vars_note(&vars, "x ${A:-${EMPTY}} ${B} B_2");
    assert_string_equal(vars_unnamed(&vars, &index), "B_2");
    assert_null(vars_unnamed(&vars, &index));
    index = 0;
    vars_note(&vars, NULL);
    assert_null(vars_unnamed(&vars, &index));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_replaces, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_defaults, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_mistakes_are_reported_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_later_definitions_win, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_environment_comes_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_size_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_settings_that_nothing_names, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
