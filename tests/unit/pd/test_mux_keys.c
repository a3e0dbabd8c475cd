/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/serial_frame/serial_frame.h"
#include "pd/serial_mux/mux_keys.h"

#define ESCAPE "\x1c"

/* The command that the keys end in; all but the last byte must leave it open. */
static struct mux_command type(struct mux_keys *keys, const char *typed)
{
    struct mux_command command = {0};
    for (const char *at = typed; *at != '\0'; at++) {
        assert_int_equal(command.action, MUX_ACTION_NONE);
        command = mux_keys_byte(keys, (uint8_t)*at);
    }
    return command;
}

static void test_two_digits_with_ten_consoles(void **state)
{
    (void)state;
    struct mux_keys keys = {.escape = 0x1c, .count = 12};
    static const struct {
        const char *typed;
        uint32_t number;
        bool again;
    } cases[] = {{"\x1c"
                  "2",
                  2, false},
                 {"\x1c"
                  "12",
                  12, false},
                 {"\x1c"
                  "1\r",
                  1, false},
                 {"\x1c"
                  "1x",
                  1, true}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mux_command command = type(&keys, cases[i].typed);
        assert_int_equal(command.action, MUX_ACTION_FOCUS);
        assert_int_equal(command.number, cases[i].number);
        assert_int_equal(command.again, cases[i].again);
        assert_false(mux_keys_is_busy(&keys));
    }
}

static void test_every_key(void **state)
{
    (void)state;
    static const struct {
        const char *typed;
        enum mux_action action;
        enum mux_target target;
    } cases[] = {
        {"x", MUX_ACTION_INPUT, MUX_TARGET_FOCUSED},
        {ESCAPE ESCAPE, MUX_ACTION_INPUT, MUX_TARGET_FOCUSED},
        {ESCAPE "3", MUX_ACTION_FOCUS, MUX_TARGET_NUMBER},
        {ESCAPE "gvm2\r", MUX_ACTION_FOCUS, MUX_TARGET_NAME},
        {ESCAPE "g\r", MUX_ACTION_FOCUS, MUX_TARGET_FOCUSED},
        {ESCAPE "n", MUX_ACTION_NEXT, MUX_TARGET_FOCUSED},
        {ESCAPE "p", MUX_ACTION_PREVIOUS, MUX_TARGET_FOCUSED},
        {ESCAPE "s\r", MUX_ACTION_SILENCE, MUX_TARGET_FOCUSED},
        {ESCAPE "s0", MUX_ACTION_SILENCE, MUX_TARGET_NUMBER},
        {ESCAPE "svm1\n", MUX_ACTION_SILENCE, MUX_TARGET_NAME},
        {ESCAPE "b2", MUX_ACTION_BACKLOG, MUX_TARGET_NUMBER},
        {ESCAPE "b" ESCAPE, MUX_ACTION_NONE, MUX_TARGET_FOCUSED},
        {ESCAPE "gvm" ESCAPE, MUX_ACTION_NONE, MUX_TARGET_FOCUSED},
        {ESCAPE "l", MUX_ACTION_LIST, MUX_TARGET_FOCUSED},
        {ESCAPE "c", MUX_ACTION_COLOURS, MUX_TARGET_FOCUSED},
        {ESCAPE "?", MUX_ACTION_HELP, MUX_TARGET_FOCUSED},
        {ESCAPE "z", MUX_ACTION_HELP, MUX_TARGET_FOCUSED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mux_keys keys = {.escape = 0x1c, .count = 3};
        struct mux_command command = type(&keys, cases[i].typed);
        assert_int_equal(command.action, cases[i].action);
        assert_int_equal(command.target, cases[i].target);
        assert_false(mux_keys_is_busy(&keys));
    }
}

static void test_long_name_is_cut(void **state)
{
    (void)state;
    struct mux_keys keys = {.escape = 0x1c, .count = 3};
    assert_int_equal(type(&keys, ESCAPE "g").action, MUX_ACTION_NONE);
    for (unsigned int i = 0; i < 1000; i++) {
        assert_int_equal(mux_keys_byte(&keys, 'x').action, MUX_ACTION_NONE);
    }
    struct mux_command command = mux_keys_byte(&keys, '\r');
    assert_int_equal(strlen(command.name), MUX_KEYS_NAME_BYTES - 1);
}

/* Feed keys that must end no command but at their end; that command. */
static struct mux_command feed(struct mux_keys *keys, const uint8_t *bytes, size_t count)
{
    struct mux_command command = {0};
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(command.action, MUX_ACTION_NONE);
        command = mux_keys_byte(keys, bytes[i]);
    }
    return command;
}

static void test_call_of_a_program_carries_its_nonce(void **state)
{
    (void)state;
    struct mux_keys keys = {.escape = 0x1c, .count = 3};
    uint8_t call[SERIAL_FRAME_ENTRY_BYTES];
    size_t length = serial_frame_entry(0x1c, 0xfedcba9876543210ull, call);
    struct mux_command command = feed(&keys, call, length);
    assert_int_equal(command.action, MUX_ACTION_FRAMES);
    assert_true(command.nonce == 0xfedcba9876543210ull);
    /* One that was broken off, and then a whole one. */
    assert_int_equal(feed(&keys, call, 20).action, MUX_ACTION_NONE);
    assert_int_equal(feed(&keys, call, length).action, MUX_ACTION_FRAMES);
}

static void test_digits_of_a_nonce_alone_are_no_call(void **state)
{
    (void)state;
    struct mux_keys keys = {.escape = 0x1c, .count = 3};
    uint8_t call[SERIAL_FRAME_ENTRY_BYTES];
    size_t length = serial_frame_entry(0x1c, 1, call);
    assert_int_equal(feed(&keys, call + 2, 2).action, MUX_ACTION_HELP); /* its beginning is lost */
    assert_int_equal(feed(&keys, call, length - 2).action, MUX_ACTION_NONE);
    assert_int_equal(type(&keys, ESCAPE "l").action, MUX_ACTION_LIST); /* another command came between */
    assert_int_equal(feed(&keys, call + length - 2, 2).action, MUX_ACTION_HELP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_digits_with_ten_consoles),
        cmocka_unit_test(test_every_key),
        cmocka_unit_test(test_long_name_is_cut),
        cmocka_unit_test(test_call_of_a_program_carries_its_nonce),
        cmocka_unit_test(test_digits_of_a_nonce_alone_are_no_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
