/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/guestmem/guestmem.h"

#define BASE 0x40000000ull
#define BYTES 0x2000ull

static _Alignas(4096) uint8_t ram[BYTES];

static struct guestmem make(void)
{
    struct guestmem mem;

    memset(ram, 0, sizeof ram);
    assert_int_equal(guestmem_init(&mem, gpa_of(BASE), ram, BYTES), ERR_OK);
    return mem;
}

static void test_init_refuses_bad_ranges(void **state)
{
    struct guestmem mem;

    (void)state;
    assert_int_equal(guestmem_init(&mem, gpa_of(BASE + 8), ram, BYTES), ERR_ALIGN);
    assert_int_equal(guestmem_init(&mem, gpa_of(BASE), ram + 8, BYTES), ERR_ALIGN);
    assert_int_equal(guestmem_init(&mem, gpa_of(BASE), ram, 0), ERR_RANGE);
    assert_int_equal(guestmem_init(&mem, gpa_of(0xfffffffffffff000ull), ram, 0x2000), ERR_RANGE);
}

static void test_translate_covers_exactly_the_ram(void **state)
{
    const struct guestmem mem = make();
    uint8_t *host = NULL;

    (void)state;
    assert_int_equal(guestmem_translate(&mem, gpa_of(BASE), BYTES, &host), ERR_OK);
    assert_ptr_equal(host, ram);
    assert_int_equal(guestmem_translate(&mem, gpa_of(BASE + BYTES - 1), 1, &host), ERR_OK);
    assert_ptr_equal(host, ram + BYTES - 1);
    assert_int_equal(guestmem_translate(&mem, gpa_of(BASE + BYTES), 0, &host), ERR_OK);
}

static void test_translate_refuses_everything_else(void **state)
{
    const struct guestmem mem = make();
    static const struct {
        uint64_t address, bytes;
    } bad[] = {
        {BASE - 1, 1},
        {BASE - 1, 2},
        {BASE, BYTES + 1},
        {BASE + BYTES, 1},
        {BASE + BYTES - 1, 2},
        {BASE + BYTES + 1, 0},
        {0, 1},
        {0, UINT64_MAX},
        {BASE, UINT64_MAX},
        {BASE + 1, UINT64_MAX},
        {UINT64_MAX, 1},
        {UINT64_MAX, UINT64_MAX},
        {BASE - BYTES, BYTES + 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t *host = ram + 1;
        assert_int_equal(guestmem_translate(&mem, gpa_of(bad[i].address), bad[i].bytes, &host), ERR_RANGE);
        assert_ptr_equal(host, ram + 1);
    }
}

static void test_write(void **state)
{
    const struct guestmem mem = make();

    (void)state;
    assert_int_equal(guestmem_write(&mem, gpa_of(BASE + BYTES - 6), "hello", 6), ERR_OK);
    assert_memory_equal(ram + BYTES - 6, "hello", 6);
    assert_int_equal(guestmem_write(&mem, gpa_of(BASE + BYTES - 5), "world", 6), ERR_RANGE);
    assert_int_equal(guestmem_write(&mem, gpa_of(BASE - 1), "world", 6), ERR_RANGE);
    assert_memory_equal(ram + BYTES - 6, "hello", 6);
    assert_int_equal(ram[0], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_refuses_bad_ranges),
        cmocka_unit_test(test_translate_covers_exactly_the_ram),
        cmocka_unit_test(test_translate_refuses_everything_else),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
