/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmm/bus/mmio.h"

/* A device that remembers how it was called and answers with its number. */
struct device {
    uint64_t number;
    struct mmio_access last;
    unsigned int calls;
};

static enum mmio_result handle(void *context, struct mmio_access *access)
{
    struct device *device = context;

    device->last = *access;
    device->calls++;
    if (!access->is_write) {
        access->value = device->number;
    }
    return MMIO_DONE;
}

static void test_finds_the_device(void **state)
{
    struct mmio_map map = {0};
    struct device devices[3] = {{.number = 1}, {.number = 2}, {.number = 3}};

    (void)state;
    assert_int_equal(mmio_add(&map, 0x3000, 0x1000, handle, &devices[2]), ERR_OK);
    assert_int_equal(mmio_add(&map, 0x1000, 0x1000, handle, &devices[0]), ERR_OK);
    assert_int_equal(mmio_add(&map, 0x2000, 0x200, handle, &devices[1]), ERR_OK);
    static const struct {
        uint64_t gpa, number, offset;
    } hits[] = {{0x1000, 1, 0}, {0x1ffc, 1, 0xffc}, {0x2000, 2, 0}, {0x21fc, 2, 0x1fc}, {0x3000, 3, 0}};
    for (size_t i = 0; i < sizeof hits / sizeof hits[0]; i++) {
        struct mmio_access access = {.width_bytes = 4, .vcpu = 1};
        assert_int_equal(mmio_dispatch(&map, hits[i].gpa, &access), MMIO_DONE);
        assert_int_equal(access.value, hits[i].number);
        assert_int_equal(devices[hits[i].number - 1].last.offset, hits[i].offset);
        assert_int_equal(devices[hits[i].number - 1].last.vcpu, 1);
    }
}

static void test_holes_are_unclaimed(void **state)
{
    struct mmio_map map = {0};
    struct device device = {0};
    static const uint64_t holes[] = {0, 0xfff, 0x2000, 0x2fff, 0x4000, UINT64_MAX};

    (void)state;
    struct mmio_access access = {.width_bytes = 1};
    assert_int_equal(mmio_dispatch(&map, 0x1000, &access), MMIO_UNCLAIMED);
    assert_int_equal(mmio_add(&map, 0x1000, 0x1000, handle, &device), ERR_OK);
    assert_int_equal(mmio_add(&map, 0x3000, 0x1000, handle, &device), ERR_OK);
    for (size_t i = 0; i < sizeof holes / sizeof holes[0]; i++) {
        assert_int_equal(mmio_dispatch(&map, holes[i], &access), MMIO_UNCLAIMED);
    }
    access.width_bytes = 8;
    assert_int_equal(mmio_dispatch(&map, 0x1ffc, &access), MMIO_UNCLAIMED);
    assert_int_equal(device.calls, 0);
}

static void test_overlaps_are_refused(void **state)
{
    struct mmio_map map = {0};
    struct device device = {0};

    (void)state;
    assert_int_equal(mmio_add(&map, 0x1000, 0x1000, handle, &device), ERR_OK);
    assert_int_equal(mmio_add(&map, 0x1000, 0x1000, handle, &device), ERR_RANGE);
    assert_int_equal(mmio_add(&map, 0x1fff, 1, handle, &device), ERR_RANGE);
    assert_int_equal(mmio_add(&map, 0xfff, 2, handle, &device), ERR_RANGE);
    assert_int_equal(mmio_add(&map, 0, 0x10000, handle, &device), ERR_RANGE);
    assert_int_equal(mmio_add(&map, 0x5000, 0, handle, &device), ERR_RANGE);
    assert_int_equal(mmio_add(&map, UINT64_MAX, 2, handle, &device), ERR_RANGE);
    assert_int_equal(map.count, 1);
    assert_int_equal(mmio_add(&map, 0x2000, 1, handle, &device), ERR_OK);
    assert_int_equal(mmio_add(&map, 0xfff, 1, handle, &device), ERR_OK);
}

static void test_full_map(void **state)
{
    struct mmio_map map = {0};

    (void)state;
    for (uint64_t i = 0; i < MMIO_MAX_REGIONS; i++) {
        assert_int_equal(mmio_add(&map, i * 0x1000, 0x1000, handle, NULL), ERR_OK);
    }
    assert_int_equal(mmio_add(&map, MMIO_MAX_REGIONS * 0x1000ull, 1, handle, NULL), ERR_SPACE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_the_device),
        cmocka_unit_test(test_holes_are_unclaimed),
        cmocka_unit_test(test_overlaps_are_refused),
        cmocka_unit_test(test_full_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
