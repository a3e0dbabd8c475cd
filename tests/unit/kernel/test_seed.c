/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel's search for the firmware's rng-seed: found, absent, and in damaged trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "kernel/core/seed.h"

#define BLOB_BYTES 1024

static uint32_t make_tree(uint8_t *blob, uint32_t seed_bytes)
{
    uint8_t seed[128];

    for (uint32_t i = 0; i < sizeof seed; i++) {
        seed[i] = (uint8_t)(i + 1);
    }
    assert_int_equal(fdt_create(blob, BLOB_BYTES), 0);
    assert_int_equal(fdt_finish_reservemap(blob), 0);
    assert_int_equal(fdt_begin_node(blob, ""), 0);
    assert_int_equal(fdt_property_string(blob, "model", "rng-seed"), 0);
    assert_int_equal(fdt_begin_node(blob, "chosen"), 0);
    assert_int_equal(fdt_property_string(blob, "bootargs", "quiet"), 0);
    if (seed_bytes != 0) {
        assert_int_equal(fdt_property(blob, "rng-seed", seed, (int)seed_bytes), 0);
    }
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_finish(blob), 0);
    return (uint32_t)fdt_totalsize(blob);
}

static void test_seed_is_found(void **state)
{
    _Alignas(8) uint8_t blob[BLOB_BYTES];
    uint8_t seed[SEED_MAX_BYTES] = {0};
    const uint32_t bytes = make_tree(blob, 32);

    (void)state;
    assert_int_equal(seed_find(blob, bytes, seed), 32);
    assert_int_equal(seed[0], 1);
    assert_int_equal(seed[31], 32);
    assert_int_equal(seed[32], 0);
}

static void test_long_seed_is_cut(void **state)
{
    _Alignas(8) uint8_t blob[BLOB_BYTES];
    uint8_t seed[SEED_MAX_BYTES];
    const uint32_t bytes = make_tree(blob, 128);

    (void)state;
    assert_int_equal(seed_find(blob, bytes, seed), SEED_MAX_BYTES);
}

static void test_no_seed_no_tree(void **state)
{
    _Alignas(8) uint8_t blob[BLOB_BYTES];
    uint8_t seed[SEED_MAX_BYTES];
    const uint32_t bytes = make_tree(blob, 0);

    (void)state;
    assert_int_equal(seed_find(blob, bytes, seed), 0);
    assert_int_equal(seed_find(blob, 0, seed), 0);
    memset(blob, 0, sizeof blob);
    assert_int_equal(seed_find(blob, sizeof blob, seed), 0);
}

static void test_damaged_trees_are_survived(void **state)
{
    _Alignas(8) uint8_t blob[BLOB_BYTES];
    uint8_t seed[SEED_MAX_BYTES];
    const uint32_t bytes = make_tree(blob, 32);
    static const uint8_t damage[] = {0x00, 0x7f, 0x80, 0xff};

    (void)state;
    for (uint32_t cut = 0; cut <= bytes; cut++) {
        uint8_t *copy = test_malloc(cut + 1);
        memcpy(copy, blob, cut);
        assert_int_equal(seed_find(copy, cut, seed), cut == bytes ? 32 : 0);
        test_free(copy);
    }
    for (uint32_t at = 0; at < bytes; at++) {
        for (size_t i = 0; i < sizeof damage; i++) {
            uint8_t *copy = test_malloc(bytes);
            memcpy(copy, blob, bytes);
            copy[at] = damage[i];
            assert_true(seed_find(copy, bytes, seed) <= SEED_MAX_BYTES);
            test_free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seed_is_found),
        cmocka_unit_test(test_long_seed_is_cut),
        cmocka_unit_test(test_no_seed_no_tree),
        cmocka_unit_test(test_damaged_trees_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
