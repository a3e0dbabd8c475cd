/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/account_page.h"
#include "tests/mock/mux_fixture.h"

#define ERASE "\x1b[0m\r\x1b[K"

static int setup(void **state)
{
    mux_fixture_start(&mux_fixture, MUX_FIXTURE_CLIENTS);
    *state = &mux_fixture;
    return 0;
}

static void show(struct mux_fixture *f, uint32_t client, const char *text)
{
    assert_int_equal(mux_fixture_write(f, client, text), strlen(text));
    mux_fixture_run(f);
}

static void type(struct mux_fixture *f, const char *text)
{
    assert_int_equal(mux_fixture_type(f, text), strlen(text));
    mux_fixture_run(f);
}

static void expect(struct mux_fixture *f, const char *text)
{
    assert_string_equal(mux_fixture_shown(f), text);
}

static void expect_input(struct mux_fixture *f, uint32_t client, const char *text)
{
    char got[256];
    (void)mux_fixture_read(f, client, got, sizeof got);
    assert_string_equal(got, text);
}

/* Output. */

static void test_lines_carry_names(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "one\r\n");
    show(f, 1, "two\n");
    mux_fixture_log(f, "kernel: three\n");
    mux_fixture_run(f);
    expect(f, "[vm1] one\r\n[vm2] two\r\n[kernel] kernel: three\r\n");
}

static void test_names_are_coloured(void **state)
{
    struct mux_fixture *f = *state;
    f->mux.screen.colours = true;
    show(f, 1, "text\n");
    expect(f, "\x1b[33m[vm2]\x1b[0m text\r\n");
}

static void test_single_console_has_no_name(void **state)
{
    struct mux_fixture *f = *state;
    mux_fixture_start(f, 1);
    show(f, 0, "login: ");
    mux_fixture_log(f, "kernel: hello\n");
    mux_fixture_run(f);
    expect(f, "login: " ERASE "[kernel] kernel: hello\r\nlogin: ");
}

static void test_prompt_of_the_focused_console_appears_at_once(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "vm1:~# ");
    expect(f, "[vm1] vm1:~# ");
    show(f, 0, "l");
    show(f, 0, "s");
    expect(f, "ls");
}

static void test_unfinished_line_in_the_background_waits(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 1, "half");
    expect(f, "");
    show(f, 1, " and half\n");
    expect(f, "[vm2] half and half\r\n");
}

static void test_unfinished_line_is_drawn_again_below_others(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "vm1:~# l");
    (void)mux_fixture_shown(f);
    show(f, 1, "a\nb\n");
    expect(f, ERASE "[vm2] a\r\n[vm2] b\r\n[vm1] vm1:~# l");
    show(f, 0, "s\r\n");
    expect(f, "s\r\n");
}

static void test_carriage_return_starts_behind_the_name(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "10%\r20%\r");
    expect(f, "[vm1] 10%\r[vm1] 20%");
    show(f, 0, "\r\n");
    expect(f, "\r\n");
    show(f, 0, "x\ry");
    (void)mux_fixture_shown(f);
    show(f, 1, "z\n"); /* only what was written last is drawn again */
    expect(f, ERASE "[vm2] z\r\n[vm1] y");
}

static void test_background_cannot_touch_the_terminal(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 1,
         "a\x1b[6nb\x1b[2Jc\x1b]0;title\x07"
         "d\x1b[31me\x1b[?1049h\b\x9b"
         "5n\xc2\x9b"
         "6nf\n");
    expect(f, "[vm2] abcd\x1b[31me?5n6nf\x1b[0m\r\n");
}

static void test_focused_console_is_passed_untouched(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "\x1b[6n\x1b[1m\x07\xff");
    expect(f, "[vm1] \x1b[6n\x1b[1m\x07\xff");
}

static void test_question_is_not_asked_again(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 1, "\x1b[6nprompt");
    type(f, "\x1c"
            "2");
    expect(f, "[vm2] prompt" ERASE "[mux] input goes to vm2\r\n[vm2] prompt");
    show(f, 0, "noise\n");
    expect(f, ERASE "[vm1] noise\r\n[vm2] prompt");
}

static void test_interrupted_sequence_begins_again(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "ab\x1b[1;3");
    show(f, 1, "x\n");
    show(f, 0, "1mc\xe2\x82");
    (void)mux_fixture_shown(f);
    show(f, 1, "y\n");
    show(f, 0,
         "\xac"
         "d");
    expect(f, ERASE "[vm2] y\r\n[vm1] ab\x1b[1;31mc\x1b[0m\xe2\x82\xac"
                    "d");
    show(f, 0, "\x1b[?104");
    show(f, 1, "z\n");
    (void)mux_fixture_shown(f);
    show(f, 0, "9h");
    show(f, 1, "hidden\n");
    expect(f, "9h");
}

static void test_endless_line_in_the_background_is_broken(void **state)
{
    struct mux_fixture *f = *state;
    char text[1025];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    show(f, 1, text);
    const char *shown = mux_fixture_shown(f);
    assert_int_equal(strlen(shown), 2 * (512 + strlen("[vm2] \r\n")));
}

static void test_focused_console_has_every_second_turn(void **state)
{
    struct mux_fixture *f = *state;
    char flood[16000] = "";
    for (uint32_t i = 0; i < 1900; i++) {
        strcat(flood, "flood\r\n");
    }
    assert_true(mux_fixture_write(f, 1, flood) > 10000);
    assert_true(mux_fixture_write(f, 2, flood) > 10000);
    mux_fixture_run_once(f);
    assert_int_equal(mux_fixture_write(f, 0, "echo\n"), 5);
    mux_fixture_run(f);
    const char *shown = mux_fixture_shown(f);
    const char *echo = strstr(shown, "echo");
    assert_non_null(echo);
    /* Behind what was in the driver's ring and on its way there, and one turn of another console. */
    assert_true(echo - shown < (long)(SERIAL_MUX_IN_FLIGHT_BYTES + MUX_SCREEN_BYTES + 2048));
    const char *vm2 = shown;
    const char *vm3 = shown;
    for (uint32_t i = 0; i < 1000; i++) {
        vm2 = strstr(vm2 + 1, "[vm2]");
        vm3 = strstr(vm3 + 1, "[vm3]");
        assert_non_null(vm2);
        assert_non_null(vm3);
        assert_true(vm2 - vm3 < 2048 && vm3 - vm2 < 2048); /* side by side all the way */
    }
}

static void test_slow_terminal_makes_the_sender_wait_and_loses_nothing(void **state)
{
    struct mux_fixture *f = *state;
    uint32_t written = 0;
    uint32_t number = 0;
    for (uint32_t turn = 0; turn < 40; turn++) { /* nobody reads: everything fills up */
        char line[16];
        snprintf(line, sizeof line, "%07u\r\n", number);
        while (ring_space(&f->clients[1]) >= 9) {
            written += mux_fixture_write(f, 1, line);
            number++;
            snprintf(line, sizeof line, "%07u\r\n", number);
        }
        mux_fixture_run_once(f);
    }
    assert_in_range(written, MUX_CONSOLE_SCROLLBACK_BYTES, 0x30000);
    assert_true(f->notified[MUX_FIXTURE_DRIVER_CHANNEL] < 10);
    assert_false(ring_request_space(&f->clients[1], 9));
    f->notified[1] = 0;
    mux_fixture_run(f);
    assert_int_equal(f->notified[1], 1);
    const char *shown = mux_fixture_shown(f);
    for (uint32_t i = 0; i < number; i++) {
        char line[24];
        snprintf(line, sizeof line, "[vm2] %07u\r\n", i);
        assert_memory_equal(shown, line, strlen(line));
        shown += strlen(line);
    }
    assert_string_equal(shown, "");
}

static void test_log_that_ran_ahead_is_counted(void **state)
{
    struct mux_fixture *f = *state;
    for (uint32_t i = 0; i < SYSDESC_KLOG_TEXT_BYTES / 8 + 100; i++) {
        mux_fixture_log(f, "1234567\n");
    }
    mux_fixture_run(f);
    const char *shown = mux_fixture_shown(f);
    assert_non_null(strstr(shown, "[kernel] -- 800 bytes not shown --\r\n[kernel] 1234567\r\n"));
}

static void test_full_screen_program_has_the_terminal_alone(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "vm1:~# vi\r\n\x1b[?1049h\x1b[1;1H~\r\n~\r\n");
    expect(f, "[vm1] vm1:~# vi\r\n[vm1] \x1b[?1049h\x1b[1;1H~\r\n~\r\n");
    show(f, 1, "hello\n");
    expect(f, "");
    show(f, 0, "\x1b[24;1H:q\r\x1b[?1049l");
    expect(f, "\x1b[24;1H:q\r\x1b[?1049l" ERASE "[vm2] hello\r\n[vm1] ");
}

static void test_placed_cursor_lasts_until_enter(void **state)
{
    struct mux_fixture *f = *state;
    char input[8];
    show(f, 0, "\x1b[H\x1b[Jtop\r\n\x1b[H\x1b[J"); /* refreshed once: more than `clear` */
    (void)mux_fixture_shown(f);
    show(f, 1, "hello\n");
    expect(f, "");
    type(f, "q\r");
    (void)mux_fixture_read(f, 0, input, sizeof input);
    assert_non_null(strstr(mux_fixture_shown(f), "[vm2] hello\r\n"));
}

static void test_clear_and_resize_are_no_full_screen_programs(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "\x1b[H\x1b[J\x1b[999;999H\x1b[6n");
    (void)mux_fixture_shown(f);
    show(f, 1, "hello\n");
    assert_non_null(strstr(mux_fixture_shown(f), "[vm2] hello"));
}

static void test_restarted_client_begins_a_line(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 1, "half");
    show(f, 0, "\x1b[?1049hscreen");
    mux_fixture_start_client(f, 1);
    mux_fixture_start_client(f, 0);
    show(f, 1, "new\n");
    const char *shown = mux_fixture_shown(f);
    assert_non_null(strstr(shown, "[vm2] half\r\n[vm2] new\r\n"));
    assert_non_null(strstr(shown, "\x1b[?1049l"));
}

static void test_broken_client_harms_nobody(void **state)
{
    struct mux_fixture *f = *state;
    ((struct ring_region *)(void *)f->regions[0][1])->head = 0xfffffff0;
    show(f, 1, "hello\n");
    expect(f, "[vm2] hello\r\n");
    type(f, "lost"); /* nobody can take it */
    type(f, "\x1c"
            "2"
            "kept");
    expect_input(f, 1, "kept");
}

/* Input. */

static void test_input_goes_to_the_focused_console(void **state)
{
    struct mux_fixture *f = *state;
    type(f, "one\x1c"
            "2two\x1c"
            "3three\x1c"
            "1four");
    expect_input(f, 0, "onefour");
    expect_input(f, 1, "two");
    expect_input(f, 2, "three");
    assert_int_equal(f->notified[0] + f->notified[1] + f->notified[2], 3);
}

static void test_focus_shows_the_unfinished_line(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 0, "vm1:~# ");
    show(f, 1, "vm2:~# ");
    expect(f, "[vm1] vm1:~# ");
    type(f, "\x1c"
            "2");
    expect(f, ERASE "[vm2] vm2:~# " ERASE "[mux] input goes to vm2\r\n[vm2] vm2:~# ");
    show(f, 0, "still here\n"); /* completes the line that was left unfinished */
    expect(f, ERASE "[vm1] vm1:~# still here\r\n[vm2] vm2:~# ");
}

static void test_next_previous_and_names(void **state)
{
    struct mux_fixture *f = *state;
    type(f, "\x1cna\x1cnb\x1cnc\x1cpd\x1cgvm2\re\x1cgvm9\rf\x1cgvm\x7f\x7f\x7fvm1\rg");
    expect_input(f, 0, "cg");
    expect_input(f, 1, "aef");
    expect_input(f, 2, "bd");
    assert_non_null(strstr(mux_fixture_shown(f), "[mux] no such console\r\n"));
}

static void test_the_log_takes_no_input(void **state)
{
    struct mux_fixture *f = *state;
    type(f, "\x1c"
            "0x");
    expect(f, "[mux] kernel takes no input\r\n");
    type(f, "\x1c"
            "4x");
    expect(f, "[mux] no such console\r\n");
    expect_input(f, 0, "xx");
}

static void test_escape_twice_is_the_escape_itself(void **state)
{
    struct mux_fixture *f = *state;
    type(f, "a\x1c\x1c"
            "b");
    expect_input(f, 0,
                 "a\x1c"
                 "b");
}

static void test_silence(void **state)
{
    struct mux_fixture *f = *state;
    type(f, "\x1cs2");
    expect(f, "[mux] vm2 is silent while another has the input\r\n");
    show(f, 1, "nothing\nof th");
    expect(f, "");
    type(f, "\x1cs2");
    show(f, 1, "is\nbut this\n");
    assert_non_null(strstr(mux_fixture_shown(f), "[vm2] but this\r\n"));
    type(f, "\x1cskernel\r");
    (void)mux_fixture_shown(f);
    mux_fixture_log(f, "hush\n");
    mux_fixture_run(f);
    expect(f, "");
}

static void test_backlog(void **state)
{
    struct mux_fixture *f = *state;
    type(f, "\x1cs2");
    show(f, 1, "first\r\nsec\x1b[6nond\r\nthird");
    (void)mux_fixture_shown(f);
    type(f, "\x1c"
            "b2");
    expect(f, "[vm2.log] first\r\n[vm2.log] second\r\n[vm2.log] third\r\n");
}

static void test_long_backlog_is_the_last_64_kb(void **state)
{
    struct mux_fixture *f = *state;
    for (uint32_t i = 0; i < 20000; i++) {
        char line[16];
        snprintf(line, sizeof line, "%07u\n", i);
        assert_int_equal(mux_fixture_write(f, 1, line), 8);
        if (i % 100 == 0) {
            mux_fixture_run(f);
            (void)mux_fixture_shown(f);
        }
    }
    mux_fixture_run(f);
    (void)mux_fixture_shown(f);
    type(f, "\x1c"
            "bvm2\r");
    const char *shown = mux_fixture_shown(f);
    assert_memory_equal(shown, "[vm2.log] 0011808\r\n", 19);
    assert_string_equal(shown + strlen(shown) - 19, "[vm2.log] 0019999\r\n");
    assert_int_equal(strlen(shown), 0x10000 / 8 * 19);
}

static void test_list_and_help(void **state)
{
    struct mux_fixture *f = *state;
    show(f, 1, "12345\n");
    (void)mux_fixture_shown(f);
    type(f, "ab\x1cl");
    const char *shown = mux_fixture_shown(f);
    assert_non_null(
        strstr(shown, "[mux]  1  vm1              input               0            0            2"));
    assert_non_null(
        strstr(shown, "[mux]  2  vm2                                  6            0            0"));
    assert_non_null(strstr(shown, "[mux]  0  kernel"));
    type(f, "\x1c?");
    shown = mux_fixture_shown(f);
    assert_non_null(strstr(shown, "[mux] After Ctrl-\\:\r\n"));
    assert_non_null(strstr(shown, "previous console"));
}

/* As on seL4. */
static void test_without_a_kernels_log(void **state)
{
    struct mux_fixture *f = *state;
    f->mux.klog = NULL;
    type(f, "\x1cl\x1c?");
    const char *shown = mux_fixture_shown(f);
    assert_null(strstr(shown, "kernel"));
    assert_non_null(strstr(shown, "[mux]   N          input to console N\r\n"));
    type(f, "\x1c"
            "0");
    expect(f, "[mux] no such console\r\n");
    type(f, "\x1cgkernel\r");
    expect(f, "[mux] no such console\r\n");
}

static void test_colours_switch(void **state)
{
    struct mux_fixture *f = *state;
    type(f, "\x1c"
            "c");
    show(f, 0, "x\n");
    assert_non_null(strstr(mux_fixture_shown(f), "\x1b[32m[vm1]\x1b[0m x"));
    type(f, "\x1c"
            "c");
    expect(f, "[mux] colours are off\r\n");
}

static void test_paste_waits_for_a_slow_console_and_loses_nothing(void **state)
{
    struct mux_fixture *f = *state;
    uint32_t typed = 0;
    uint32_t received = 0;
    uint32_t rests = 0;
    const uint32_t total = 0x10000;
    while (received < total) {
        uint8_t chunk[512];
        uint32_t count = 0;
        /* All byte values but the escape, which would be a command. */
        while (typed + count < total && count < sizeof chunk) {
            uint8_t byte = (uint8_t)((typed + count) * 31);
            chunk[count] = byte == 0x1c ? 0 : byte;
            count++;
        }
        uint32_t taken = ring_write(&f->driver, chunk, count);
        typed += taken;
        serial_mux_run(&f->mux);
        if (taken > 0) {
            continue;
        }
        rests++;
        uint8_t got[777];
        count = ring_read(&f->clients[0], got, sizeof got);
        assert_true(count > 0);
        for (uint32_t i = 0; i < count; i++) {
            uint8_t byte = (uint8_t)(received * 31);
            assert_int_equal(got[i], byte == 0x1c ? 0 : byte);
            received++;
        }
        if (ring_should_signal_space(&f->clients[0])) {
            serial_mux_run(&f->mux);
        }
        if (typed == total && received < total && ring_available(&f->clients[0]) == 0) {
            fail_msg("bytes %u to %u are lost", received, total);
        }
    }
    assert_true(rests > 10);
}

static void test_many_clients_share_the_pool(void **state)
{
    struct mux_fixture *f = *state;
    f->config.client_count = SERIAL_MUX_MAX_CLIENTS;
    assert_int_equal(serial_mux_init(&f->mux, &f->config, f->mux.notify, f), ERR_OK);
    const struct mux_console *last = &f->mux.consoles[SERIAL_MUX_MAX_CLIENTS + 1];
    assert_true(last->text + last->capacity <= f->mux.pool + sizeof f->mux.pool);
    f->config.client_count = SERIAL_MUX_MAX_CLIENTS + 1;
    assert_int_equal(serial_mux_init(&f->mux, &f->config, f->mux.notify, f), ERR_RANGE);
}

static void test_writers_are_charged(void **state)
{
    struct mux_fixture *f = *state;
    uint64_t *page = account_page_start(&f->mux.account, account_page_clock);

    show(f, 0, "one\r\n");
    assert_in_range(account_page_take(page, 0), 1, 1000);
    assert_int_equal(account_page_take(page, 1), 0);
    show(f, 1, "two\n");
    assert_int_equal(account_page_take(page, 0), 0);
    assert_in_range(account_page_take(page, 1), 1, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_writers_are_charged, setup),
        cmocka_unit_test_setup(test_lines_carry_names, setup),
        cmocka_unit_test_setup(test_names_are_coloured, setup),
        cmocka_unit_test_setup(test_single_console_has_no_name, setup),
        cmocka_unit_test_setup(test_prompt_of_the_focused_console_appears_at_once, setup),
        cmocka_unit_test_setup(test_unfinished_line_in_the_background_waits, setup),
        cmocka_unit_test_setup(test_unfinished_line_is_drawn_again_below_others, setup),
        cmocka_unit_test_setup(test_carriage_return_starts_behind_the_name, setup),
        cmocka_unit_test_setup(test_background_cannot_touch_the_terminal, setup),
        cmocka_unit_test_setup(test_focused_console_is_passed_untouched, setup),
        cmocka_unit_test_setup(test_question_is_not_asked_again, setup),
        cmocka_unit_test_setup(test_interrupted_sequence_begins_again, setup),
        cmocka_unit_test_setup(test_endless_line_in_the_background_is_broken, setup),
        cmocka_unit_test_setup(test_focused_console_has_every_second_turn, setup),
        cmocka_unit_test_setup(test_slow_terminal_makes_the_sender_wait_and_loses_nothing, setup),
        cmocka_unit_test_setup(test_log_that_ran_ahead_is_counted, setup),
        cmocka_unit_test_setup(test_full_screen_program_has_the_terminal_alone, setup),
        cmocka_unit_test_setup(test_placed_cursor_lasts_until_enter, setup),
        cmocka_unit_test_setup(test_clear_and_resize_are_no_full_screen_programs, setup),
        cmocka_unit_test_setup(test_restarted_client_begins_a_line, setup),
        cmocka_unit_test_setup(test_broken_client_harms_nobody, setup),
        cmocka_unit_test_setup(test_input_goes_to_the_focused_console, setup),
        cmocka_unit_test_setup(test_focus_shows_the_unfinished_line, setup),
        cmocka_unit_test_setup(test_next_previous_and_names, setup),
        cmocka_unit_test_setup(test_the_log_takes_no_input, setup),
        cmocka_unit_test_setup(test_escape_twice_is_the_escape_itself, setup),
        cmocka_unit_test_setup(test_silence, setup),
        cmocka_unit_test_setup(test_backlog, setup),
        cmocka_unit_test_setup(test_long_backlog_is_the_last_64_kb, setup),
        cmocka_unit_test_setup(test_list_and_help, setup),
        cmocka_unit_test_setup(test_without_a_kernels_log, setup),
        cmocka_unit_test_setup(test_colours_switch, setup),
        cmocka_unit_test_setup(test_paste_waits_for_a_slow_console_and_loses_nothing, setup),
        cmocka_unit_test_setup(test_many_clients_share_the_pool, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
