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

static void test_copies(void **state)
{
    const struct guestmem mem = make();
    char text[6] = "";

    (void)state;
    assert_int_equal(guestmem_write(&mem, gpa_of(BASE + BYTES - 6), "hello", 6), ERR_OK);
    assert_int_equal(guestmem_read(&mem, gpa_of(BASE + BYTES - 6), text, 6), ERR_OK);
    assert_string_equal(text, "hello");
    assert_int_equal(guestmem_write(&mem, gpa_of(BASE + BYTES - 5), "world", 6), ERR_RANGE);
    assert_int_equal(guestmem_read(&mem, gpa_of(BASE + BYTES - 5), text, 6), ERR_RANGE);
    assert_string_equal(text, "hello");
    assert_memory_equal(ram + BYTES - 6, "hello", 6);
    assert_int_equal(guestmem_zero(&mem, gpa_of(BASE + BYTES - 6), 7), ERR_RANGE);
    assert_int_equal(guestmem_zero(&mem, gpa_of(BASE + BYTES - 6), 2), ERR_OK);
    assert_memory_equal(ram + BYTES - 6, "\0\0llo", 6);
}

static void test_loads_and_stores(void **state)
{
    const struct guestmem mem = make();
    uint16_t v16 = 0;
    uint32_t v32 = 0;
    uint64_t v64 = 0;

    (void)state;
    assert_int_equal(guestmem_store64(&mem, gpa_of(BASE + 8), 0x1122334455667788ull), ERR_OK);
    assert_int_equal(guestmem_load64(&mem, gpa_of(BASE + 8), &v64), ERR_OK);
    assert_int_equal(guestmem_load32(&mem, gpa_of(BASE + 12), &v32), ERR_OK);
    assert_int_equal(guestmem_load16(&mem, gpa_of(BASE + 10), &v16), ERR_OK);
    assert_int_equal(v64, 0x1122334455667788ull);
    assert_int_equal(v32, 0x11223344);
    assert_int_equal(v16, 0x5566);
    assert_int_equal(guestmem_store32(&mem, gpa_of(BASE + 8), 1), ERR_OK);
    assert_int_equal(guestmem_store16(&mem, gpa_of(BASE + 14), 2), ERR_OK);
    assert_int_equal(guestmem_load64(&mem, gpa_of(BASE + 8), &v64), ERR_OK);
    assert_int_equal(v64, 0x0002334400000001ull);
}

static void test_loads_and_stores_check(void **state)
{
    const struct guestmem mem = make();
    uint16_t v16 = 7;
    uint32_t v32 = 7;
    uint64_t v64 = 7;

    (void)state;
    assert_int_equal(guestmem_load16(&mem, gpa_of(BASE + 1), &v16), ERR_ALIGN);
    assert_int_equal(guestmem_load32(&mem, gpa_of(BASE + 2), &v32), ERR_ALIGN);
    assert_int_equal(guestmem_load64(&mem, gpa_of(BASE + 4), &v64), ERR_ALIGN);
    assert_int_equal(guestmem_store16(&mem, gpa_of(BASE + 1), 1), ERR_ALIGN);
    assert_int_equal(guestmem_store32(&mem, gpa_of(BASE + 2), 1), ERR_ALIGN);
    assert_int_equal(guestmem_store64(&mem, gpa_of(BASE + 4), 1), ERR_ALIGN);
    assert_int_equal(guestmem_load16(&mem, gpa_of(BASE + BYTES), &v16), ERR_RANGE);
    assert_int_equal(guestmem_load32(&mem, gpa_of(BASE - 4), &v32), ERR_RANGE);
    assert_int_equal(guestmem_load64(&mem, gpa_of(BASE + BYTES), &v64), ERR_RANGE);
    assert_int_equal(guestmem_store16(&mem, gpa_of(BASE + BYTES), 1), ERR_RANGE);
    assert_int_equal(guestmem_store32(&mem, gpa_of(BASE - 4), 1), ERR_RANGE);
    assert_int_equal(guestmem_store64(&mem, gpa_of(BASE + BYTES), 1), ERR_RANGE);
    assert_int_equal(v16, 7);
    assert_int_equal(v32, 7);
    assert_int_equal(v64, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_init_refuses_bad_ranges),
        cmocka_unit_test(test_translate_covers_exactly_the_ram),
        cmocka_unit_test(test_translate_refuses_everything_else),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_loads_and_stores),
        cmocka_unit_test(test_loads_and_stores_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
