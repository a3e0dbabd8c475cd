/* SPDX-License-Identifier: BSD-2-Clause */
/* What a peer says in requests and in information about a disk, one defect at a time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/blk/blk_check.h"

static enum err check(const struct blk_request *request, uint32_t bytes)
{
    struct blk_request checked;

    return blk_check_request(&checked, (const uint8_t *)request, bytes);
}

static void expect_request(const struct blk_request *request, enum err err)
{
    assert_int_equal(check(request, blk_check_request_bytes(request->segment_count)), err);
}

/* Two sectors in two segments. */
static struct blk_request good_request(void)
{
    return (struct blk_request){.op = BLK_WRITE,
                                .flags = BLK_FUA,
                                .sector = UINT64_MAX,
                                .sector_count = 2,
                                .segment_count = 2,
                                .segments = {{.bytes = 1000}, {.offset = UINT64_MAX, .bytes = 24}}};
}

static void test_a_good_request_is_copied(void **state)
{
    const struct blk_request request = good_request();
    struct blk_request checked;

    (void)state;
    assert_int_equal(blk_check_request(&checked, (const uint8_t *)&request, blk_check_request_bytes(2)),
                     ERR_OK);
    assert_memory_equal(&checked, &request, blk_check_request_bytes(2));
}

static void test_length_is_that_of_the_segments(void **state)
{
    const struct blk_request request = good_request();

    (void)state;
    for (uint32_t bytes = 0; bytes <= sizeof request + 1; bytes++) {
        if (bytes != blk_check_request_bytes(2)) {
            assert_int_equal(check(&request, bytes), ERR_FORMAT);
        }
    }
}

static void test_segments_are_as_long_as_the_sectors(void **state)
{
    struct blk_request request = good_request();

    (void)state;
    request.segments[1].bytes = 25;
    expect_request(&request, ERR_FORMAT);
    request.segments[1].bytes = 0;
    expect_request(&request, ERR_FORMAT);
    request.segments[0].bytes = 1024;
    expect_request(&request, ERR_FORMAT); /* the sum is right, but one is empty */
    /* A sum that is right modulo 2^32 only. */
    request = good_request();
    request.segments[0].bytes = UINT32_MAX;
    request.segments[1].bytes = 1025;
    expect_request(&request, ERR_FORMAT);
    /* More than a request may move. */
    request = (struct blk_request){.op = BLK_READ,
                                   .sector_count = BLK_MAX_BYTES / BLK_SECTOR_BYTES,
                                   .segment_count = 1,
                                   .segments = {{.bytes = BLK_MAX_BYTES}}};
    expect_request(&request, ERR_OK);
    request.sector_count++;
    request.segments[0].bytes += BLK_SECTOR_BYTES;
    expect_request(&request, ERR_FORMAT);
}

static void test_each_operation_has_its_form(void **state)
{
    const struct {
        uint32_t op, sectors, segments;
        enum err err;
    } forms[] = {{BLK_READ, 0, 0, ERR_FORMAT},
                 {BLK_READ, 1, 0, ERR_FORMAT},
                 {BLK_WRITE, 0, 1, ERR_FORMAT},
                 {BLK_READ, 1, 1, ERR_OK},
                 {BLK_FLUSH, 0, 0, ERR_OK},
                 {BLK_FLUSH, 1, 0, ERR_FORMAT},
                 {BLK_FLUSH, 0, 1, ERR_FORMAT},
                 {BLK_DISCARD, 1, 0, ERR_OK},
                 {BLK_DISCARD, 0, 0, ERR_FORMAT},
                 {BLK_DISCARD, 1, 1, ERR_FORMAT},
                 {BLK_WRITE_ZEROES, 7, 0, ERR_OK},
                 {BLK_WRITE_ZEROES, 0, 0, ERR_FORMAT},
                 {BLK_WRITE_ZEROES + 1, 1, 0, ERR_FORMAT},
                 {UINT32_MAX, 1, 1, ERR_FORMAT}};

    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct blk_request request = {.op = forms[i].op,
                                            .sector_count = forms[i].sectors,
                                            .segment_count = forms[i].segments,
                                            .segments = {{.bytes = BLK_SECTOR_BYTES}}};

        expect_request(&request, forms[i].err);
    }
}

static void test_unknown_flags_and_too_many_segments(void **state)
{
    struct blk_request request = good_request();

    (void)state;
    request.flags = 4;
    expect_request(&request, ERR_FORMAT);
    request = good_request();
    request.segment_count = BLK_MAX_SEGMENTS + 1;
    assert_int_equal(check(&request, sizeof request), ERR_FORMAT);
    request.segment_count = UINT32_MAX; /* times 16 it is small again */
    assert_int_equal(check(&request, blk_check_request_bytes(UINT32_MAX)), ERR_FORMAT);
}

static void test_ranges_do_not_wrap(void **state)
{
    (void)state;
    assert_true(blk_check_range(0, 0, 0));
    assert_true(blk_check_range(8, 2, 10));
    assert_false(blk_check_range(8, 3, 10));
    assert_false(blk_check_range(11, 0, 10));
    assert_false(blk_check_range(UINT64_MAX, 2, 10));
    assert_false(blk_check_range(2, UINT64_MAX, 10));
}

static struct blk_info good_info(void)
{
    return (struct blk_info){.sector_count = 100,
                             .block_bytes = 512,
                             .max_segments = 1,
                             .max_segment_bytes = 512,
                             .physical_exponent = 3};
}

static void expect_info(const struct blk_info *info, enum err err)
{
    struct blk_info checked;

    assert_int_equal(blk_check_info(&checked, (const uint8_t *)info, sizeof *info), err);
}

static void test_information_makes_sense(void **state)
{
    const uint32_t block_bytes[] = {0, 256, 513, 1536, 0x20000, UINT32_MAX};
    struct blk_info info = good_info();
    struct blk_info checked;

    (void)state;
    expect_info(&info, ERR_OK);
    assert_int_equal(blk_check_info(&checked, (const uint8_t *)&info, sizeof info - 1), ERR_FORMAT);
    for (size_t i = 0; i < sizeof block_bytes / sizeof block_bytes[0]; i++) {
        info.block_bytes = block_bytes[i];
        info.max_segment_bytes = UINT32_MAX;
        expect_info(&info, ERR_FORMAT);
    }
    info = good_info();
    info.max_segments = 0;
    expect_info(&info, ERR_FORMAT);
    info = good_info();
    info.max_segment_bytes = 511;
    expect_info(&info, ERR_FORMAT);
    info = good_info();
    info.physical_exponent = 17;
    expect_info(&info, ERR_FORMAT);
    info = good_info();
    info.sector_count = UINT64_MAX / 512 + 1;
    expect_info(&info, ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_good_request_is_copied),
        cmocka_unit_test(test_length_is_that_of_the_segments),
        cmocka_unit_test(test_segments_are_as_long_as_the_sectors),
        cmocka_unit_test(test_each_operation_has_its_form),
        cmocka_unit_test(test_unknown_flags_and_too_many_segments),
        cmocka_unit_test(test_ranges_do_not_wrap),
        cmocka_unit_test(test_information_makes_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
