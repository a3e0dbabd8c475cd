/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/serial_frame/serial_frame.h"

#define NONCE 0x0123456789abcdefull

static const uint8_t text[] = "The quick \x00 \x7b\x7c\x7d\x7e\x7f \x80\xbf\xc0\xfb\xfc\xfe\xff \x1c\r\n";

static struct serial_frame text_frame(void)
{
    return (struct serial_frame){.type = SERIAL_FRAME_DATA,
                                 .console = 0xfe,
                                 .value = 0xfffffff0,
                                 .payload = text,
                                 .payload_bytes = sizeof text};
}

/* Feed bytes; how many frames were good, damaged, and bytes plain. */
struct counts {
    unsigned int good;
    unsigned int bad;
    unsigned int plain;
};

static struct counts feed(struct serial_frame_decoder *decoder, const uint8_t *wire, size_t bytes,
                          struct serial_frame *last)
{
    struct counts counts = {0};
    for (size_t i = 0; i < bytes; i++) {
        enum serial_frame_event event = serial_frame_decode(decoder, wire[i], last);
        counts.good += event == SERIAL_FRAME_GOOD;
        counts.bad += event == SERIAL_FRAME_BAD;
        counts.plain += event == SERIAL_FRAME_PLAIN;
    }
    return counts;
}

static void assert_is_text(const struct serial_frame *frame)
{
    assert_int_equal(frame->type, SERIAL_FRAME_DATA);
    assert_int_equal(frame->console, 0xfe);
    assert_int_equal(frame->value, 0xfffffff0);
    assert_int_equal(frame->payload_bytes, sizeof text);
    assert_memory_equal(frame->payload, text, sizeof text);
}

static void test_every_byte_value_comes_back(void **state)
{
    (void)state;
    uint8_t payload[256];
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    struct serial_frame_decoder decoder;
    struct serial_frame got;
    for (uint32_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)i;
    }
    struct serial_frame frame = {.payload = payload, .payload_bytes = sizeof payload};
    size_t length = serial_frame_encode(NONCE, &frame, wire);
    for (size_t i = 0; i < length; i++) {
        assert_true(wire[i] >= 0x80);
        assert_int_equal(wire[i] == 0xff, i == length - 1);
    }
    serial_frame_decoder_init(&decoder, NONCE);
    assert_int_equal(feed(&decoder, wire, length, &got).good, 1);
    assert_int_equal(got.payload_bytes, sizeof payload);
    assert_memory_equal(got.payload, payload, sizeof payload);
}

static void test_text_takes_one_byte_each(void **state)
{
    (void)state;
    static const uint8_t line[] = "cat /proc/cpuinfo\r";
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    struct serial_frame empty = {.type = SERIAL_FRAME_DATA};
    struct serial_frame frame = {
        .type = SERIAL_FRAME_DATA, .payload = line, .payload_bytes = sizeof line - 1};
    size_t length = serial_frame_encode(NONCE, &frame, wire);
    /* Checks differ, by 4 bytes on the line at most. */
    assert_true(length <= serial_frame_encode(NONCE, &empty, wire) + sizeof line - 1 + 4);
}

static void test_longest_frame(void **state)
{
    (void)state;
    uint8_t payload[SERIAL_FRAME_PAYLOAD_BYTES];
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    struct serial_frame_decoder decoder;
    struct serial_frame got;
    memset(payload, 0xff, sizeof payload);
    struct serial_frame frame = {.type = 0xff,
                                 .console = 0xff,
                                 .value = 0xffffffff,
                                 .payload = payload,
                                 .payload_bytes = sizeof payload};
    serial_frame_decoder_init(&decoder, NONCE);
    assert_int_equal(feed(&decoder, wire, serial_frame_encode(NONCE, &frame, wire), &got).good, 1);
    assert_int_equal(got.payload_bytes, sizeof payload);
}

static void test_frame_is_independent_of_plain_text_in_its_middle(void **state)
{
    (void)state;
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    struct serial_frame frame = text_frame();
    struct serial_frame_decoder decoder;
    struct serial_frame got;
    size_t length = serial_frame_encode(NONCE, &frame, wire);
    for (size_t cut = 0; cut < length; cut++) {
        serial_frame_decoder_init(&decoder, NONCE);
        assert_int_equal(feed(&decoder, wire, cut, &got).good, 0);
        assert_int_equal(feed(&decoder, (const uint8_t *)"panic!\r\n", 8, &got).plain, 8);
        assert_int_equal(feed(&decoder, wire + cut, length - cut, &got).good, 1);
        assert_is_text(&got);
    }
}

static void test_damage_is_noticed_and_ends_with_the_frame(void **state)
{
    (void)state;
    uint8_t wire[2 * SERIAL_FRAME_WIRE_BYTES];
    struct serial_frame frame = text_frame();
    struct serial_frame_decoder decoder;
    struct serial_frame got;
    size_t length = serial_frame_encode(NONCE, &frame, wire);
    for (size_t at = 0; at < length; at++) {
        for (unsigned int bit = 0; bit < 8; bit++) {
            (void)serial_frame_encode(NONCE, &frame, wire);
            (void)serial_frame_encode(NONCE, &frame, wire + length);
            wire[at] ^= (uint8_t)(1u << bit);
            serial_frame_decoder_init(&decoder, NONCE);
            struct counts counts = feed(&decoder, wire, 2 * length, &got);
            /* A damaged end makes one frame of two. */
            assert_int_equal(counts.good, at == length - 1 ? 0 : 1);
            assert_true(counts.bad >= 1);
        }
    }
}

static void test_truncated_and_endless_frames(void **state)
{
    (void)state;
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    struct serial_frame frame = text_frame();
    struct serial_frame_decoder decoder;
    struct serial_frame got;
    serial_frame_decoder_init(&decoder, NONCE);
    memset(wire, 0xff, 8);
    assert_int_equal(feed(&decoder, wire, 8, &got).bad, 8);
    memset(wire, 0xfc, sizeof wire);
    for (unsigned int i = 0; i < 10; i++) {
        struct counts counts = feed(&decoder, wire, sizeof wire, &got);
        assert_int_equal(counts.good + counts.bad, 0);
    }
    assert_int_equal(feed(&decoder, (const uint8_t *)"\xff", 1, &got).bad, 1);
    assert_int_equal(feed(&decoder, wire, serial_frame_encode(NONCE, &frame, wire), &got).good, 1);
    assert_is_text(&got);
}

static void test_frames_of_another_session_are_none(void **state)
{
    (void)state;
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    struct serial_frame frame = text_frame();
    struct serial_frame_decoder decoder;
    struct serial_frame got;
    for (unsigned int bit = 0; bit < 64; bit++) {
        serial_frame_decoder_init(&decoder, NONCE);
        assert_int_equal(
            feed(&decoder, wire, serial_frame_encode(NONCE ^ 1ull << bit, &frame, wire), &got).bad, 1);
    }
}

static void test_entry_is_pairs_of_escape_and_key(void **state)
{
    (void)state;
    uint8_t keys[SERIAL_FRAME_ENTRY_BYTES];
    static const uint8_t expected[] =
        "\x1c\x7f\x1c\x80\x1c\x81\x1c\x82\x1c\x83\x1c\x84\x1c\x85\x1c\x86\x1c\x87"
        "\x1c\x88\x1c\x89\x1c\x8a\x1c\x8b\x1c\x8c\x1c\x8d\x1c\x8e\x1c\x8f";
    assert_int_equal(serial_frame_entry(0x1c, NONCE, keys), sizeof expected - 1);
    assert_memory_equal(keys, expected, sizeof expected - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_byte_value_comes_back),
        cmocka_unit_test(test_text_takes_one_byte_each),
        cmocka_unit_test(test_longest_frame),
        cmocka_unit_test(test_frame_is_independent_of_plain_text_in_its_middle),
        cmocka_unit_test(test_damage_is_noticed_and_ends_with_the_frame),
        cmocka_unit_test(test_truncated_and_endless_frames),
        cmocka_unit_test(test_frames_of_another_session_are_none),
        cmocka_unit_test(test_entry_is_pairs_of_escape_and_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
