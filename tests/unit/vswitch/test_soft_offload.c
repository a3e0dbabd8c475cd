/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames that must be finished although what goes with them makes no sense. Those that do are in
 * test_vswitch_offload.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/net/frame_meta.h"
#include "pd/vswitch/soft_offload.h"
#include "tests/mock/tcp_frame.h"

#define PAYLOAD 3000u
#define MSS 1400

static struct soft_offload offload;
static uint8_t bytes[TCP_FRAME_HEADER_BYTES + PAYLOAD];
static struct vswitch_segment segment;
static unsigned int sent;
static unsigned int room;

static enum err take(void *port, const struct vswitch_frame *frame)
{
    (void)port;
    assert_true(frame->length_bytes <= TCP_FRAME_HEADER_BYTES + MSS);
    if (sent == room) {
        return ERR_SPACE;
    }
    sent++;
    return ERR_OK;
}

static const struct vswitch_port_ops ops = {.send = take};

static struct vswitch_frame frame_with(uint64_t meta)
{
    static const uint8_t to[6] = {2, 0, 0, 0, 0, 2};
    static const uint8_t from[6] = {2, 0, 0, 0, 0, 1};
    const uint32_t length = tcp_frame_build(bytes, to, from, PAYLOAD, 1);

    sent = 0;
    room = UINT32_MAX;
    segment = (struct vswitch_segment){.data = bytes, .bytes = length};
    struct vswitch_frame frame = {.segments = &segment, .segment_count = 1, .length_bytes = length};

    frame_take_meta(&frame, meta);
    memcpy(frame.header, bytes, sizeof frame.header);
    return frame;
}

static void expect_refusal(uint64_t meta)
{
    const struct vswitch_frame frame = frame_with(meta);

    assert_int_equal(frame.needed, VSWITCH_NEEDS_UNKNOWN);
    assert_int_equal(frame.fields.gso_type, FRAME_META_GSO_NONE);
    assert_true(soft_offload_max_bytes(&frame) <= frame.length_bytes);
}

static void test_meta_that_is_none_is_refused(void **state)
{
    struct frame_meta meta = tcp_frame_meta(MSS);

    (void)state;
    expect_refusal(UINT64_MAX);
    meta.csum_start = 16383; /* behind the frame's end */
    expect_refusal(frame_meta_pack(&meta));
    meta = tcp_frame_meta(MSS);
    meta.gso_type = 7; /* of no kind */
    expect_refusal(frame_meta_pack(&meta));
}

static void test_headers_that_are_not_what_the_meta_says_are_refused(void **state)
{
    const struct frame_meta meta = tcp_frame_meta(MSS);
    struct vswitch_frame frame = frame_with(frame_meta_pack(&meta));

    (void)state;
    bytes[12] = 0x12;
    frame.header[12] = 0x12; /* no EtherType that can be cut; the copy of it is what counts */
    assert_int_equal(soft_offload_send(&offload, &ops, NULL, &frame), ERR_UNSUPPORTED);
    assert_int_equal(sent, 0);
}

static void test_goes_on_where_there_was_no_room(void **state)
{
    const struct frame_meta meta = tcp_frame_meta(MSS);
    struct vswitch_frame frame = frame_with(frame_meta_pack(&meta));

    (void)state;
    assert_true(soft_offload_max_bytes(&frame) >= TCP_FRAME_HEADER_BYTES + MSS);
    for (room = 0; room < 3; room++) {
        assert_int_equal(soft_offload_send(&offload, &ops, NULL, &frame), ERR_SPACE);
        assert_int_equal(frame.segments_sent, room);
    }
    assert_int_equal(soft_offload_send(&offload, &ops, NULL, &frame), ERR_OK);
    assert_int_equal(sent, 3); /* 3000 bytes in pieces of 1400 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_meta_that_is_none_is_refused),
        cmocka_unit_test(test_headers_that_are_not_what_the_meta_says_are_refused),
        cmocka_unit_test(test_goes_on_where_there_was_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
