/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <libfdt.h>

#include "lib/blake2s/blake2s.h"
#include "lib/fdt/fdt_view.h"
#include "pd/entropy/entropy.h"

static void hash_once(const void *data, size_t bytes, uint8_t digest[32])
{
    struct blake2s hash;

    blake2s_init(&hash, 32, NULL, 0);
    blake2s_update(&hash, data, bytes);
    blake2s_final(&hash, digest);
}

static void test_blake2s_of_abc_is_rfc7693_appendix_b(void **state)
{
    static const uint8_t expected[32] = {0x50, 0x8c, 0x5e, 0x8c, 0x32, 0x7c, 0x14, 0xe2, 0xe1, 0xa7, 0x2b,
                                         0xa3, 0x4e, 0xeb, 0x45, 0x2f, 0x37, 0x45, 0x8b, 0x20, 0x9e, 0xd6,
                                         0x3a, 0x29, 0x4d, 0x99, 0x9b, 0x4c, 0x86, 0x67, 0x59, 0x82};
    uint8_t digest[32];

    (void)state;
    hash_once("abc", 3, digest);
    assert_memory_equal(digest, expected, sizeof expected);
}

static void fill_sequence(uint8_t *out, size_t bytes, uint32_t seed)
{
    uint32_t a = 0xdead4badu * seed, b = 1;

    for (size_t i = 0; i < bytes; i++) {
        uint32_t t = a + b;
        a = b;
        b = t;
        out[i] = (uint8_t)(t >> 24);
    }
}

/* The grand hash of RFC 7693 appendix E: all lengths and keyed mode in one digest. */
static void test_blake2s_selftest_of_rfc7693_appendix_e(void **state)
{
    static const uint8_t expected[32] = {0x6a, 0x41, 0x1f, 0x08, 0xce, 0x25, 0xad, 0xcd, 0xfb, 0x02, 0xab,
                                         0xa6, 0x41, 0x45, 0x1c, 0xec, 0x53, 0xc5, 0x98, 0xb2, 0x4f, 0x4f,
                                         0xc7, 0x87, 0xfb, 0xdc, 0x88, 0x79, 0x7f, 0x4c, 0x1d, 0xfe};
    static const uint32_t digests[4] = {16, 20, 28, 32};
    static const size_t inputs[6] = {0, 3, 64, 65, 255, 1024};
    uint8_t in[1024], md[32], key[32];
    struct blake2s all, one;

    (void)state;
    blake2s_init(&all, 32, NULL, 0);
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 6; j++) {
            fill_sequence(in, inputs[j], (uint32_t)inputs[j]);
            blake2s_init(&one, digests[i], NULL, 0);
            blake2s_update(&one, in, inputs[j]);
            blake2s_final(&one, md);
            blake2s_update(&all, md, digests[i]);
            fill_sequence(key, digests[i], digests[i]);
            blake2s_init(&one, digests[i], key, digests[i]);
            blake2s_update(&one, in, inputs[j]);
            blake2s_final(&one, md);
            blake2s_update(&all, md, digests[i]);
        }
    }
    blake2s_final(&all, md);
    assert_memory_equal(md, expected, sizeof expected);
}

static void test_no_output_before_256_bits(void **state)
{
    struct entropy entropy;
    uint8_t out[8] = {0}, zero[8] = {0};

    (void)state;
    entropy_init(&entropy);
    entropy_add(&entropy, "jitter", 6, 0);
    entropy_add(&entropy, "half", 4, 255);
    assert_int_equal(entropy_get(&entropy, out, sizeof out), ERR_STATE);
    assert_memory_equal(out, zero, sizeof out);
    entropy_add(&entropy, "x", 1, UINT32_MAX);
    assert_int_equal(entropy_get(&entropy, out, sizeof out), ERR_OK);
    assert_memory_not_equal(out, zero, sizeof out);
}

static void test_outputs_differ_and_depend_on_the_seed(void **state)
{
    struct entropy a, b;
    uint8_t out_a[100], out_b[100], again[100];

    (void)state;
    entropy_init(&a);
    entropy_init(&b);
    entropy_add(&a, "seed 1", 6, 256);
    entropy_add(&b, "seed 2", 6, 256);
    assert_int_equal(entropy_get(&a, out_a, sizeof out_a), ERR_OK);
    assert_int_equal(entropy_get(&b, out_b, sizeof out_b), ERR_OK);
    assert_int_equal(entropy_get(&a, again, sizeof again), ERR_OK);
    assert_memory_not_equal(out_a, out_b, sizeof out_a);
    assert_memory_not_equal(out_a, again, sizeof again);
    assert_memory_not_equal(out_a, out_a + 32, 32);
}

static void test_old_key_is_gone_after_output(void **state)
{
    struct entropy entropy, before;
    uint8_t out[32];

    (void)state;
    entropy_init(&entropy);
    entropy_add(&entropy, "seed", 4, 256);
    before = entropy;
    assert_int_equal(entropy_get(&entropy, out, sizeof out), ERR_OK);
    assert_memory_not_equal(before.key, entropy.key, sizeof before.key);
}

static uint32_t make_tree(uint8_t *blob, int capacity)
{
    static const uint8_t seed[32] = {1, 2, 3};

    assert_int_equal(fdt_create(blob, capacity), 0);
    assert_int_equal(fdt_finish_reservemap(blob), 0);
    assert_int_equal(fdt_begin_node(blob, ""), 0);
    assert_int_equal(fdt_property_string(blob, "rng-seed", "not this one"), 0);
    assert_int_equal(fdt_begin_node(blob, "memory@40000000"), 0);
    assert_int_equal(fdt_property_string(blob, "rng-seed", "nor this"), 0);
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_begin_node(blob, "chosen"), 0);
    assert_int_equal(fdt_property_string(blob, "bootargs", "x"), 0);
    assert_int_equal(fdt_begin_node(blob, "chosen"), 0);
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_begin_node(blob, "other"), 0);
    assert_int_equal(fdt_property(blob, "rng-seed", seed, sizeof seed), 0);
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_end_node(blob), 0);
    assert_int_equal(fdt_finish(blob), 0);
    return (uint32_t)fdt_totalsize(blob);
}

static void test_fdt_view_finds_the_node_and_no_other(void **state)
{
    _Alignas(8) uint8_t blob[1024];
    uint32_t bytes = make_tree(blob, sizeof blob), value_bytes;
    const uint8_t *value;

    (void)state;
    assert_int_equal(fdt_view_property(blob, bytes, "/other", "rng-seed", &value, &value_bytes), ERR_OK);
    assert_int_equal(value_bytes, 32);
    assert_int_equal(value[2], 3);
    assert_int_equal(fdt_view_property(blob, bytes, "/chosen", "rng-seed", &value, &value_bytes), ERR_EMPTY);
    assert_int_equal(fdt_view_property(blob, bytes, "/chosen", "bootargs", &value, &value_bytes), ERR_OK);
    assert_int_equal(fdt_view_property(blob, bytes, "/none", "bootargs", &value, &value_bytes), ERR_EMPTY);
}

/* Every single-byte damage and every truncation: any answer is fine, reading outside the blob is not (ASan).
 */
static void test_fdt_view_survives_damage(void **state)
{
    _Alignas(8) uint8_t blob[1024];
    uint32_t bytes = make_tree(blob, sizeof blob), value_bytes;
    const uint8_t *value;

    (void)state;
    for (uint32_t at = 0; at < bytes; at++) {
        for (int damage = 0; damage < 3; damage++) {
            uint8_t *copy = test_malloc(bytes);
            memcpy(copy, blob, bytes);
            copy[at] = (uint8_t)(damage == 0 ? 0xff : damage == 1 ? 0 : copy[at] ^ 0x80);
            if (fdt_view_property(copy, bytes, "/other", "rng-seed", &value, &value_bytes) == ERR_OK) {
                assert_true(value >= copy && value_bytes <= bytes && value + value_bytes <= copy + bytes);
            }
            test_free(copy);
        }
    }
    for (uint32_t cut = 0; cut < bytes; cut++) {
        uint8_t *copy = test_malloc(cut + 1);
        memcpy(copy, blob, cut);
        assert_int_equal(fdt_view_property(copy, cut, "/other", "rng-seed", &value, &value_bytes),
                         ERR_FORMAT);
        test_free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blake2s_of_abc_is_rfc7693_appendix_b),
        cmocka_unit_test(test_blake2s_selftest_of_rfc7693_appendix_e),
        cmocka_unit_test(test_no_output_before_256_bits),
        cmocka_unit_test(test_outputs_differ_and_depend_on_the_seed),
        cmocka_unit_test(test_old_key_is_gone_after_output),
        cmocka_unit_test(test_fdt_view_finds_the_node_and_no_other),
        cmocka_unit_test(test_fdt_view_survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
