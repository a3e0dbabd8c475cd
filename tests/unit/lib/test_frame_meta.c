/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/frame_meta.h"

#define FRAME_BYTES 1514u

static const struct frame_meta tcp_segments = {
    .flags = FRAME_META_NEEDS_CSUM,
    .gso_type = FRAME_META_GSO_TCPV4,
    .gso_size = 1448,
    .hdr_len = 66,
    .csum_start = 34,
    .csum_offset = 16,
};

static void expect_round_trip(struct frame_meta meta, uint32_t frame_bytes)
{
    struct frame_meta result;
    assert_int_equal(frame_meta_check(&meta, frame_bytes), ERR_OK);
    assert_int_equal(frame_meta_unpack(frame_meta_pack(&meta), frame_bytes, &result), ERR_OK);
    assert_int_equal(result.flags, meta.flags);
    assert_int_equal(result.gso_type, meta.gso_type);
    assert_int_equal(result.gso_size, meta.gso_size);
    assert_int_equal(result.hdr_len, meta.hdr_len);
    assert_int_equal(result.csum_start, meta.csum_start);
    assert_int_equal(result.csum_offset, meta.csum_offset);
}

static void test_fields_survive_packing(void **state)
{
    (void)state;
    static const uint8_t types[] = {FRAME_META_GSO_TCPV4, FRAME_META_GSO_TCPV6, FRAME_META_GSO_UDP_L4,
                                    FRAME_META_GSO_TCPV4 | FRAME_META_GSO_ECN,
                                    FRAME_META_GSO_TCPV6 | FRAME_META_GSO_ECN};
    for (size_t i = 0; i < sizeof types; i++) {
        struct frame_meta meta = tcp_segments;
        meta.gso_type = types[i];
        expect_round_trip(meta, FRAME_BYTES);
        meta.gso_size = UINT16_MAX;
        meta.hdr_len = UINT16_MAX;
        meta.csum_start = 0x3fff;
        meta.csum_offset = 0xff;
        expect_round_trip(meta, 65549);
    }
    expect_round_trip((struct frame_meta){.flags = FRAME_META_DATA_VALID}, 60);
}

static void test_plain_frame_is_zero(void **state)
{
    (void)state;
    struct frame_meta meta = {0};
    assert_int_equal(frame_meta_pack(&meta), 0);
    assert_int_equal(frame_meta_unpack(0, 14, &meta), ERR_OK);
    assert_int_equal(meta.flags, 0);
    assert_int_equal(meta.gso_type, FRAME_META_GSO_NONE);
}

static void test_unchecked_fields_do_not_pass(void **state)
{
    (void)state;
    struct frame_meta meta = {
        .flags = 0xfc, .gso_size = 7, .hdr_len = 9000, .csum_start = 60000, .csum_offset = 60000};
    assert_int_equal(frame_meta_check(&meta, 60), ERR_OK);
    assert_int_equal(frame_meta_pack(&meta), 0);
}

static void test_checksum_lies_inside_the_frame(void **state)
{
    (void)state;
    struct frame_meta meta = tcp_segments;
    assert_int_equal(frame_meta_check(&meta, 52), ERR_OK);
    assert_int_equal(frame_meta_check(&meta, 51), ERR_RANGE);
    assert_int_equal(frame_meta_check(&meta, 0), ERR_RANGE);
    meta.csum_start = 13;
    assert_int_equal(frame_meta_check(&meta, FRAME_BYTES), ERR_RANGE);
    meta.csum_start = UINT16_MAX;
    assert_int_equal(frame_meta_check(&meta, FRAME_BYTES), ERR_UNSUPPORTED);
    meta.csum_start = 34;
    meta.csum_offset = UINT16_MAX;
    assert_int_equal(frame_meta_check(&meta, FRAME_BYTES), ERR_UNSUPPORTED);
}

static void test_segmentation_is_checked(void **state)
{
    (void)state;
    struct frame_meta meta = tcp_segments;
    meta.gso_size = 0;
    assert_int_equal(frame_meta_check(&meta, FRAME_BYTES), ERR_RANGE);
    meta = tcp_segments;
    meta.flags = FRAME_META_DATA_VALID;
    assert_int_equal(frame_meta_check(&meta, FRAME_BYTES), ERR_FORMAT);
    static const struct {
        uint8_t type;
        enum err err;
    } cases[] = {
        {2, ERR_UNSUPPORTED}, {3, ERR_UNSUPPORTED},    {6, ERR_UNSUPPORTED},
        {7, ERR_UNSUPPORTED}, {8, ERR_UNSUPPORTED},    {0x80, ERR_FORMAT},
        {0x85, ERR_FORMAT},   {0x41, ERR_UNSUPPORTED}, {0xff, ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        meta = tcp_segments;
        meta.gso_type = cases[i].type;
        assert_int_equal(frame_meta_check(&meta, FRAME_BYTES), cases[i].err);
    }
}

static void test_every_word_unpacks_to_sound_fields_or_an_error(void **state)
{
    (void)state;
    uint64_t word = 1;
    for (unsigned int i = 0; i < 200000; i++) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        struct frame_meta meta;
        memset(&meta, 0xff, sizeof meta);
        uint64_t untrusted_word = word >> (i % 64);
        if (frame_meta_unpack(untrusted_word, FRAME_BYTES, &meta) == ERR_OK) {
            assert_int_equal(frame_meta_check(&meta, FRAME_BYTES), ERR_OK);
        } else {
            assert_int_equal(frame_meta_pack(&meta), 0);
        }
    }
    struct frame_meta meta;
    assert_int_equal(frame_meta_unpack(UINT64_C(1) << 60, FRAME_BYTES, &meta), ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fields_survive_packing),
        cmocka_unit_test(test_plain_frame_is_zero),
        cmocka_unit_test(test_unchecked_fields_do_not_pass),
        cmocka_unit_test(test_checksum_lies_inside_the_frame),
        cmocka_unit_test(test_segmentation_is_checked),
        cmocka_unit_test(test_every_word_unpacks_to_sound_fields_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
