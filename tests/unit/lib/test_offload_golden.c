/* SPDX-License-Identifier: BSD-2-Clause */
/* Checksums and segments of lib/net/offload.c, byte for byte what Linux makes of the same frames
 * (tests/golden). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/offload.h"
#include "tests/golden/offload.h"

#define FRAME_MAX 65536u

static uint8_t frame[FRAME_MAX];
static uint8_t piece[FRAME_MAX];

static uint32_t build(const struct golden_case *golden)
{
    memcpy(frame, golden->headers, golden->header_bytes);
    for (uint32_t i = 0; i < golden->payload_bytes; i++) {
        frame[golden->header_bytes + i] = (uint8_t)(i * 7 + i / 251);
    }
    return golden->header_bytes + golden->payload_bytes;
}

static void compare(const struct golden_case *golden, uint32_t index, const uint8_t *made, uint32_t bytes)
{
    const struct golden_piece *expected = &golden->pieces[index];

    assert_in_range(index, 0, golden->piece_count - 1);
    assert_int_equal(bytes, expected->bytes);
    assert_memory_equal(made, expected->headers, golden->header_bytes);
    assert_memory_equal(made + golden->header_bytes, frame + golden->header_bytes + expected->offset,
                        bytes - golden->header_bytes);
}

static void check(const struct golden_case *golden)
{
    const struct frame_meta meta = {.flags = FRAME_META_NEEDS_CSUM,
                                    .gso_type = golden->gso_type,
                                    .gso_size = golden->gso_size,
                                    .csum_start = golden->csum_start,
                                    .csum_offset = golden->csum_offset};
    const uint32_t frame_bytes = build(golden);
    struct offload_segmenter segmenter;
    uint32_t bytes, count = 0;

    print_message("%s\n", golden->name);
    assert_int_equal(frame_meta_check(&meta, frame_bytes), ERR_OK);
    if (golden->gso_type == FRAME_META_GSO_NONE) {
        offload_finish_checksum(frame, frame_bytes, &meta);
        compare(golden, 0, frame, frame_bytes);
        return;
    }
    assert_int_equal(offload_segment_init(&segmenter, frame, frame_bytes, &meta), ERR_OK);
    while ((bytes = offload_segment_next(&segmenter, piece)) != 0) {
        compare(golden, count++, piece, bytes);
    }
    assert_int_equal(count, golden->piece_count);
}

static void test_as_linux_does_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden_cases / sizeof golden_cases[0]; i++) {
        check(&golden_cases[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_linux_does_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
