/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/log.h"
#include "tests/mock/log_record.h"

static int setup(void **state)
{
    (void)state;
    log_record_clear();
    return 0;
}

static void test_lines_carry_name_and_level(void **state)
{
    (void)state;
    log_info("%d ports", 3);
    log_warn("port %s is slow", "vm1");
    log_error("no memory");
    assert_string_equal(log_record_text(),
                        "test: 3 ports\ntest: warning: port vm1 is slow\ntest: error: no memory\n");
}

static void test_long_line_is_cut_and_ends_in_newline(void **state)
{
    (void)state;
    char text[2 * LOG_LINE_BYTES];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    log_info("%s", text);
    size_t length = strlen(log_record_text());
    assert_in_range(length, LOG_LINE_BYTES / 2, LOG_LINE_BYTES - 1);
    assert_int_equal(log_record_text()[length - 1], '\n');
}

static void test_limit_lets_eight_and_powers_of_two_through(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    for (unsigned int i = 1; i <= 1000; i++) {
        uint32_t dropped = 99;
        bool power = (i & (i - 1)) == 0;
        assert_int_equal(log_limit_allows(&limit, &dropped), i <= LOG_LIMIT_FIRST || power);
        if (i > LOG_LIMIT_FIRST && power) {
            assert_int_equal(dropped, i / 2 - 1);
        }
    }
}

static void test_limited_line_reports_what_was_dropped(void **state)
{
    (void)state;
    struct log_limit limit = {0};
    for (unsigned int i = 0; i < 16; i++) {
        log_warn_limited(&limit, "bad frame");
    }
    assert_int_equal(log_record_count(), LOG_LIMIT_FIRST + 1);
    assert_non_null(strstr(log_record_text(), "bad frame (7 like it not shown)\n"));
}

static void test_counter_saturates(void **state)
{
    (void)state;
    struct log_limit limit = {.count = UINT32_MAX, .dropped = UINT32_MAX};
    uint32_t dropped;
    assert_false(log_limit_allows(&limit, &dropped));
    assert_int_equal(limit.count, UINT32_MAX);
    assert_int_equal(limit.dropped, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_lines_carry_name_and_level, setup),
        cmocka_unit_test_setup(test_long_line_is_cut_and_ends_in_newline, setup),
        cmocka_unit_test_setup(test_limit_lets_eight_and_powers_of_two_through, setup),
        cmocka_unit_test_setup(test_limited_line_reports_what_was_dropped, setup),
        cmocka_unit_test_setup(test_counter_saturates, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
