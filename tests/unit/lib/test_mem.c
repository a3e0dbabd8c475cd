/* SPDX-License-Identifier: BSD-2-Clause */
/* mem.c under other names, compared with libc for every small size, offset and overlap. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define memcpy mem_memcpy
#define memmove mem_memmove
#define memset mem_memset
#define memcmp mem_memcmp
#define memchr mem_memchr
#define strlen mem_strlen
#define strnlen mem_strnlen
#define strcmp mem_strcmp
#define strncmp mem_strncmp
#include "lib/base/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#undef memchr
#undef strlen
#undef strnlen
#undef strcmp
#undef strncmp

#define AREA_BYTES 300u

static void fill(uint8_t *area, unsigned int seed)
{
    for (size_t i = 0; i < AREA_BYTES; i++) {
        seed = seed * 1103515245u + 12345u;
        area[i] = (uint8_t)(seed >> 16);
    }
}

static void test_copy_of_every_size_and_offset(void **state)
{
    (void)state;
    uint8_t from[AREA_BYTES], expected[AREA_BYTES], actual[AREA_BYTES];
    for (size_t size = 0; size <= 200; size++) {
        for (size_t offset = 0; offset < 9; offset++) {
            fill(from, 1);
            fill(expected, 2);
            fill(actual, 2);
            memcpy(expected + offset, from + 8 - offset, size);
            assert_ptr_equal(mem_memcpy(actual + offset, from + 8 - offset, size), actual + offset);
            assert_memory_equal(actual, expected, AREA_BYTES);
        }
    }
}

static void test_move_of_every_overlap(void **state)
{
    (void)state;
    uint8_t expected[AREA_BYTES], actual[AREA_BYTES];
    for (size_t size = 0; size <= 150; size += 3) {
        for (size_t to = 0; to < 140; to += 7) {
            fill(expected, 3);
            fill(actual, 3);
            memmove(expected + to, expected + 70, size);
            mem_memmove(actual + to, actual + 70, size);
            assert_memory_equal(actual, expected, AREA_BYTES);
        }
    }
}

static void test_set_of_every_size(void **state)
{
    (void)state;
    uint8_t expected[AREA_BYTES], actual[AREA_BYTES];
    const volatile int wide_value = 0x1a5; /* only its low byte counts */
    for (size_t size = 0; size <= 200; size++) {
        fill(expected, 4);
        fill(actual, 4);
        memset(expected + size % 9, wide_value, size);
        mem_memset(actual + size % 9, wide_value, size);
        assert_memory_equal(actual, expected, AREA_BYTES);
    }
}

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static void test_compare_finds_each_difference(void **state)
{
    (void)state;
    uint8_t left[AREA_BYTES], right[AREA_BYTES];
    fill(left, 5);
    for (size_t at = 0; at < 40; at++) {
        memcpy(right, left, AREA_BYTES);
        right[at] ^= 0x80;
        assert_int_equal(sign(mem_memcmp(left, right, 40)), sign(memcmp(left, right, 40)));
        assert_int_equal(mem_memcmp(left, right, at), 0);
    }
}

static void test_strings(void **state)
{
    (void)state;
    assert_int_equal(mem_strlen(""), 0);
    assert_int_equal(mem_strlen("abc"), 3);
    assert_int_equal(mem_strnlen("abc", 2), 2);
    assert_int_equal(mem_strnlen("abc", 9), 3);
    assert_int_equal(mem_strcmp("abc", "abc"), 0);
    assert_true(mem_strcmp("ab", "abc") < 0);
    assert_true(mem_strcmp("\xff", "a") > 0);
    assert_int_equal(mem_strncmp("abc", "abd", 2), 0);
    assert_int_equal(mem_strncmp("abc", "xyz", 0), 0);
    const char text[] = "key=value";
    assert_ptr_equal(mem_memchr(text, '=', sizeof text), text + 3);
    assert_null(mem_memchr(text, '=', 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_of_every_size_and_offset),
        cmocka_unit_test(test_move_of_every_overlap),
        cmocka_unit_test(test_set_of_every_size),
        cmocka_unit_test(test_compare_finds_each_difference),
        cmocka_unit_test(test_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
