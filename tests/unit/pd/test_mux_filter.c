/* SPDX-License-Identifier: BSD-2-Clause */
/* What a console in the background may put on the terminal: text and colours, whole characters, nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pd/serial_mux/mux_filter.h"

/* What comes out for `text`. */
static const char *filtered(const char *text)
{
    static char out[512];
    struct mux_filter filter = {0};
    size_t count = 0;

    for (; *text != '\0'; text++) {
        uint8_t bytes[MUX_FILTER_OUT_BYTES];
        const size_t length = mux_filter_byte(&filter, (uint8_t)*text, bytes);
        assert_true(length <= sizeof bytes && count + length < sizeof out);
        memcpy(out + count, bytes, length);
        count += length;
    }
    out[count] = '\0';
    return out;
}

static void test_text_and_colours_pass(void **state)
{
    (void)state;
    assert_string_equal(filtered("plain \x1b[1;31mred\x1b[0m"), "plain \x1b[1;31mred\x1b[0m");
    assert_string_equal(filtered("\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80"),
                        "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80");
}

static void test_other_sequences_go(void **state)
{
    static const char *const sequences[] = {
        "\x1b[2J",
        "\x1b[10;10H",
        "\x1b[?25l",
        "\x1b[?1m",
        "\x1b[ 1m",
        "\x1b[6n", /* CSI */
        "\x1b]0;title\x07",
        "\x1b]0;title\x1b\\",
        "\x1bPdata\x1b\\",
        "\x1bXtext\x1b\\",
        "\x1b^text\x1b\\",
        "\x1b_text\x07", /* strings */
        "\x1b(B",
        "\x1b#8",
        "\x1b c",
        "\x1b( B", /* intermediates */
        "\x1b"
        "c",
        "\x1b\x1b[2J",  /* ESC again begins again */
        "\x1b[\x1b[2J", /* in the middle of a sequence, too */
        "\x1b]0;\x1bnot-the-end\x07",
        "\xc2\x9b",
        "\xc2\x80", /* C1 controls as characters */
    };

    (void)state;
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        char text[64];

        strcpy(text, "a");
        strcat(text, sequences[i]);
        strcat(text, "b");
        const char *out = filtered(text);
        assert_int_equal(out[0], 'a');
        assert_int_equal(out[strlen(out) - 1], 'b');
        assert_null(strchr(out, 0x1b));
        assert_null(strstr(out, "\x9b"));
        assert_true(strlen(out) <= 3); /* a character in place of what is none */
    }
}

static void test_broken_characters_are_replaced(void **state)
{
    (void)state;
    assert_string_equal(filtered("\x80"), "?");
    assert_string_equal(filtered("\xff"), "?");
    assert_string_equal(filtered("\xc3("), "?(");
    assert_string_equal(filtered("\xe2\x82("), "?(");
    assert_string_equal(filtered("\xc3\xc3\xa4"), "?\xc3\xa4");
}

static void test_endless_sequences_take_no_more_room(void **state)
{
    char text[300];

    (void)state;
    memset(text, '1', sizeof text);
    memcpy(text, "\x1b[", 2);
    text[sizeof text - 2] = 'm';
    text[sizeof text - 1] = '\0';
    assert_null(strchr(filtered(text), 0x1b));
}

static void test_end_of_line_forgets_and_tells_of_colours(void **state)
{
    struct mux_filter filter = {0};
    uint8_t out[MUX_FILTER_OUT_BYTES];

    (void)state;
    assert_false(mux_filter_end_line(&filter));
    for (const char *text = "\x1b[31m"; *text != '\0'; text++) {
        (void)mux_filter_byte(&filter, (uint8_t)*text, out);
    }
    (void)mux_filter_byte(&filter, 0x1b, out);
    assert_true(mux_filter_end_line(&filter));
    assert_int_equal(mux_filter_byte(&filter, '[', out), 1);
    assert_int_equal(out[0], '[');
    assert_false(mux_filter_end_line(&filter));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_and_colours_pass),
        cmocka_unit_test(test_other_sequences_go),
        cmocka_unit_test(test_broken_characters_are_replaced),
        cmocka_unit_test(test_endless_sequences_take_no_more_room),
        cmocka_unit_test(test_end_of_line_forgets_and_tells_of_colours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
