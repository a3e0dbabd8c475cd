/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tool/image/stage2.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define BASE 0x40200000ull
#define ADDRESS 0x0000fffffffff000ull

/** What a walk found: leaf descriptor and level, 0 if nothing is mapped. */
struct leaf {
    uint64_t entry;
    unsigned int level;
    uint64_t output;
};

/** Walk placed tables as the MMU would. */
static struct leaf walk(const struct stage2_pool *pool, size_t root, uint64_t input)
{
    size_t table = root;

    for (unsigned int level = 1; level <= 3; level++) {
        unsigned int shift = 12 + 9 * (3 - level);
        uint64_t entry = pool->tables[table].entries[input >> shift & 511];
        uint64_t mask = (1ull << shift) - 1;

        if ((entry & 1) == 0) {
            return (struct leaf){0};
        }
        if (level == 3 || (entry & 2) == 0) {
            assert_true(level < 3 || (entry & 2) != 0);
            assert_int_equal(entry & ADDRESS & mask, 0);
            return (struct leaf){entry, level, (entry & ADDRESS) | (input & mask)};
        }
        assert_in_range((entry & ADDRESS), BASE, BASE + (pool->count - 1) * STAGE2_TABLE_BYTES);
        table = (size_t)(((entry & ADDRESS) - BASE) / STAGE2_TABLE_BYTES);
    }
    return (struct leaf){0};
}

static void test_leaves_are_as_large_as_alignment_permits(void **state)
{
    (void)state;
    struct stage2_pool pool = {0};
    size_t root = stage2_new_root(&pool);
    uint64_t attributes = stage2_attributes(STAGE2_READ, STAGE2_NORMAL);

    /* From one page below 1 GiB to 2 MiB and a page above 2 GiB. */
    assert_int_equal(
        stage2_map(&pool, root, GIB - 0x1000, 3 * GIB - 0x1000, GIB + 2 * MIB + 0x2000, attributes), ERR_OK);
    stage2_place(&pool, BASE);
    assert_int_equal(walk(&pool, root, GIB - 0x1000).level, 3);
    assert_int_equal(walk(&pool, root, GIB).level, 1);
    assert_int_equal(walk(&pool, root, 2 * GIB).level, 2);
    assert_int_equal(walk(&pool, root, 2 * GIB + 2 * MIB).level, 3);
    for (uint64_t at = GIB - 0x1000; at < 2 * GIB + 2 * MIB + 0x1000; at += 0x3000) {
        assert_int_equal(walk(&pool, root, at + 5).output, at + 5 + 2 * GIB);
    }
    assert_int_equal(walk(&pool, root, GIB - 0x1001).level, 0);
    assert_int_equal(walk(&pool, root, 2 * GIB + 2 * MIB + 0x1000).level, 0);
    stage2_free(&pool);
}

static void test_unlike_alignment_gives_pages(void **state)
{
    (void)state;
    struct stage2_pool pool = {0};
    size_t root = stage2_new_root(&pool);

    assert_int_equal(stage2_map(&pool, root, 2 * MIB, 4 * MIB + 0x1000, 4 * MIB, 0), ERR_OK);
    stage2_place(&pool, BASE);
    for (uint64_t at = 2 * MIB; at < 6 * MIB; at += 0x1000) {
        struct leaf leaf = walk(&pool, root, at);

        assert_int_equal(leaf.level, 3);
        assert_int_equal(leaf.output, at + 2 * MIB + 0x1000);
    }
    stage2_free(&pool);
}

static void test_stage2_attributes(void **state)
{
    (void)state;
    uint64_t code = stage2_attributes(STAGE2_READ | STAGE2_EXECUTE, STAGE2_NORMAL);
    uint64_t data = stage2_attributes(STAGE2_READ | STAGE2_WRITE, STAGE2_NORMAL);
    uint64_t device = stage2_attributes(STAGE2_READ | STAGE2_WRITE, STAGE2_DEVICE);
    uint64_t uncached = stage2_attributes(STAGE2_READ, STAGE2_NORMAL_UNCACHED);

    /* MemAttr[5:2], S2AP[7:6], SH[9:8], AF[10], XN[54]. */
    assert_int_equal(code, 15u << 2 | 1u << 6 | 3u << 8 | 1u << 10);
    assert_int_equal(data, (15u << 2 | 3u << 6 | 3u << 8 | 1u << 10) | 1ull << 54);
    assert_int_equal(device, (1u << 2 | 3u << 6 | 1u << 10) | 1ull << 54);
    assert_int_equal(uncached, (5u << 2 | 1u << 6 | 3u << 8 | 1u << 10) | 1ull << 54);
}

static void test_el2_attributes(void **state)
{
    (void)state;

    /* AttrIndx[4:2], AP[7:6], SH[9:8], AF[10], XN[54]. */
    assert_int_equal(stage2_el2_attributes(STAGE2_READ | STAGE2_EXECUTE, STAGE2_NORMAL),
                     1u << 6 | 1u << 7 | 3u << 8 | 1u << 10);
    assert_int_equal(stage2_el2_attributes(STAGE2_READ, STAGE2_NORMAL),
                     (1u << 6 | 1u << 7 | 3u << 8 | 1u << 10) | 1ull << 54);
    assert_int_equal(stage2_el2_attributes(STAGE2_READ | STAGE2_WRITE, STAGE2_DEVICE),
                     (1u << 2 | 1u << 6 | 1u << 10) | 1ull << 54);
}

static void test_refusals(void **state)
{
    (void)state;
    struct stage2_pool pool = {0};
    size_t root = stage2_new_root(&pool);
    uint64_t top = 1ull << STAGE2_INPUT_BITS;

    assert_int_equal(stage2_map(&pool, root, 0x800, 0, 0x1000, 0), ERR_ALIGN);
    assert_int_equal(stage2_map(&pool, root, 0, 0x800, 0x1000, 0), ERR_ALIGN);
    assert_int_equal(stage2_map(&pool, root, 0, 0, 0x1800, 0), ERR_ALIGN);
    assert_int_equal(stage2_map(&pool, root, 0, 0, 0, 0), ERR_RANGE);
    assert_int_equal(stage2_map(&pool, root, top, 0, 0x1000, 0), ERR_RANGE);
    assert_int_equal(stage2_map(&pool, root, top - 0x1000, 0, 0x2000, 0), ERR_RANGE);
    assert_int_equal(stage2_map(&pool, root, 0, (1ull << 48) - 0x1000, 0x2000, 0), ERR_RANGE);
    assert_int_equal(stage2_map(&pool, root, 0, 0xfffffffffffff000ull, 0x2000, 0), ERR_RANGE);
    assert_int_equal(stage2_map(&pool, root, top - 0x1000, 0, 0x1000, 0), ERR_OK);
    stage2_free(&pool);
}

static void test_nothing_is_mapped_twice(void **state)
{
    (void)state;
    struct stage2_pool pool = {0};
    size_t root = stage2_new_root(&pool);

    assert_int_equal(stage2_map(&pool, root, 4 * MIB, 0, 2 * MIB, 0), ERR_OK);
    assert_int_equal(stage2_map(&pool, root, 4 * MIB + 0x3000, 0, 0x1000, 0), ERR_STATE);
    assert_int_equal(stage2_map(&pool, root, 0x1000, 0, 0x1000, 0), ERR_OK);
    assert_int_equal(stage2_map(&pool, root, 0x1000, 0, 0x1000, 0), ERR_STATE);
    assert_int_equal(stage2_map(&pool, root, 0, 0, 2 * MIB, 0), ERR_STATE);
    stage2_free(&pool);
}

static void test_bound_holds(void **state)
{
    (void)state;
    static const struct {
        uint64_t at, bytes;
    } ranges[] = {{0x1000, 0x1000}, {GIB - 0x1000, 0x2000}, {2 * GIB + 0x1000, 3 * GIB}, {8 * GIB, GIB}};
    struct stage2_pool pool = {0};
    size_t root = stage2_new_root(&pool);
    uint64_t sum = 0;

    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        assert_int_equal(stage2_map(&pool, root, ranges[i].at, ranges[i].at, ranges[i].bytes, 0), ERR_OK);
        sum += ranges[i].bytes;
    }
    assert_true(pool.count <= stage2_table_bound(sizeof ranges / sizeof ranges[0], sum));
    stage2_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves_are_as_large_as_alignment_permits),
        cmocka_unit_test(test_unlike_alignment_gives_pages),
        cmocka_unit_test(test_stage2_attributes),
        cmocka_unit_test(test_el2_attributes),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_nothing_is_mapped_twice),
        cmocka_unit_test(test_bound_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
