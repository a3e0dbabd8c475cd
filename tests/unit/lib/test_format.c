/* SPDX-License-Identifier: BSD-2-Clause */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/format.h"

/* What libc prints is the reference. */
#define CHECK_AS_LIBC(...)                                                                                   \
    do {                                                                                                     \
        char expected[128];                                                                                  \
        char actual[128];                                                                                    \
        snprintf(expected, sizeof expected, __VA_ARGS__);                                                    \
        assert_int_equal(format_print(actual, sizeof actual, __VA_ARGS__), strlen(expected));                \
        assert_string_equal(actual, expected);                                                               \
    } while (0)

static void test_conversions_match_libc(void **state)
{
    (void)state;
    CHECK_AS_LIBC("plain %% text");
    CHECK_AS_LIBC("%s|%10s|%-10s|%.2s|%.*s", "abc", "abc", "abc", "abc", 1, "abc");
    CHECK_AS_LIBC("%c%3c%-3c|", 'x', 'y', 'z');
    CHECK_AS_LIBC("%d %i %d %d", 0, -1, INT_MAX, INT_MIN);
    CHECK_AS_LIBC("%5d|%-5d|%05d|%05d", 42, 42, 42, -42);
    CHECK_AS_LIBC("%u %x %X %02x %08x", UINT_MAX, 0xbeefu, 0xbeefu, 5u, 0x1234u);
    CHECK_AS_LIBC("%ld %lu %lx", LONG_MIN, ULONG_MAX, ULONG_MAX);
    CHECK_AS_LIBC("%lld %llu %llx %016llx", LLONG_MIN, ULLONG_MAX, ULLONG_MAX, 0x1234ull);
    CHECK_AS_LIBC("%zu %zx", SIZE_MAX, (size_t)0);
    CHECK_AS_LIBC("%*d|%-*d|", 6, 1, 6, 2);
    CHECK_AS_LIBC("%p", (void *)0x1234);
}

static void test_output_is_cut_to_the_buffer(void **state)
{
    (void)state;
    char buffer[8];
    memset(buffer, '#', sizeof buffer);
    assert_int_equal(format_print(buffer, 4, "%s", "abcdef"), 3);
    assert_string_equal(buffer, "abc");
    assert_int_equal(buffer[4], '#');
    assert_int_equal(format_print(buffer, 1, "%d", 17), 0);
    assert_string_equal(buffer, "");
    assert_int_equal(format_print(NULL, 0, "%d", 17), 0);
}

static void test_huge_width_ends_quickly(void **state)
{
    (void)state;
    char buffer[8];
    assert_int_equal(format_print(buffer, sizeof buffer, "%*d", INT_MAX, 1), 7);
    assert_string_equal(buffer, "       ");
}

static void test_precision_bounds_the_read(void **state)
{
    (void)state;
    char *unterminated = test_malloc(4);
    memcpy(unterminated, "abcd", 4);
    char buffer[16];
    format_print(buffer, sizeof buffer, "%.4s", unterminated);
    assert_string_equal(buffer, "abcd");
    test_free(unterminated);
}

static void test_null_and_unknown_are_harmless(void **state)
{
    (void)state;
    char buffer[32];
    const char *unknown = "%q %";
    const char *volatile null_string = NULL;
    format_print(buffer, sizeof buffer, "%s", null_string);
    assert_string_equal(buffer, "(null)");
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    format_print(buffer, sizeof buffer, unknown);
#pragma GCC diagnostic pop
    assert_string_equal(buffer, "%q %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions_match_libc),
        cmocka_unit_test(test_output_is_cut_to_the_buffer),
        cmocka_unit_test(test_huge_width_ends_quickly),
        cmocka_unit_test(test_precision_bounds_the_read),
        cmocka_unit_test(test_null_and_unknown_are_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
