/* SPDX-License-Identifier: BSD-2-Clause */
/* Channels: clients of the multiplexer that are for tools on the host. vm2 is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/mux_host.h"

#define CHANNEL 1u

static int setup(void **state)
{
    mux_fixture.channels = 1u << CHANNEL;
    mux_host_start(&mux_host, &mux_fixture, MUX_FIXTURE_CLIENTS);
    *state = &mux_host;
    return 0;
}

static int setup_session(void **state)
{
    (void)setup(state);
    mux_host_run(&mux_host);
    return mux_host.greetings == 1 ? 0 : -1;
}

static const char *plain(struct mux_host *host, const char *keys)
{
    (void)mux_fixture_type(host->f, keys);
    mux_fixture_run(host->f);
    return mux_fixture_shown(host->f);
}

static void say(struct mux_host *host, const char *text)
{
    assert_int_equal(mux_fixture_write(host->f, CHANNEL, text), strlen(text));
    mux_host_run(host);
}

static uint32_t tool(struct mux_host *host)
{
    return ring_peer_offer(&host->f->clients[CHANNEL]);
}

static void test_plain_terminal_knows_no_channel(void **state)
{
    struct mux_host *host = *state;
    char got[16];

    const char *list = plain(host, "\x1cl");
    assert_non_null(strstr(list, " 1  vm1"));
    assert_non_null(strstr(list, " 2  vm3"));
    assert_null(strstr(list, "vm2"));
    assert_non_null(strstr(plain(host, "\x1c"
                                       "2"),
                           "input goes to vm3"));
    assert_non_null(strstr(plain(host, "\x1c"
                                       "3"),
                           "no such console"));
    assert_non_null(strstr(plain(host, "\x1cgvm2\r"), "no such console"));
    assert_non_null(strstr(plain(host, "\x1cn"), "input goes to vm1"));
    assert_non_null(strstr(plain(host, "\x1cn"), "input goes to vm3"));
    assert_non_null(strstr(plain(host, "\x1cp"), "input goes to vm1"));
    (void)plain(host, "typed");
    assert_int_equal(mux_fixture_read(host->f, CHANNEL, got, sizeof(got)), 0);
    assert_int_equal(mux_fixture_read(host->f, 0, got, sizeof(got)), 5);
}

static void test_first_console_that_is_no_channel_has_the_input(void **state)
{
    struct mux_host *host = *state;
    char got[16];

    mux_fixture.channels = 1u << 0 | 1u << 1;
    mux_fixture_start(host->f, MUX_FIXTURE_CLIENTS);
    (void)plain(host, "x");
    assert_int_equal(mux_fixture_read(host->f, 2, got, sizeof(got)), 1);
    mux_fixture.channels = 7;
    mux_fixture_start(host->f, MUX_FIXTURE_CLIENTS);
    assert_non_null(strstr(plain(host, "x\x1c"
                                       "1"),
                           "no such console"));
    assert_non_null(strstr(plain(host, "\x1cn\x1c?"), "this help"));
}

static void test_what_is_written_without_a_tool_is_dropped_and_nobody_waits(void **state)
{
    struct mux_host *host = *state;
    char text[1001];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    for (int i = 0; i < 200; i++) {
        assert_int_equal(mux_fixture_write(host->f, CHANNEL, text), sizeof(text) - 1);
        mux_fixture_run(host->f);
    }
    assert_string_equal(mux_fixture_shown(host->f), "");
    mux_host_run(host);
    assert_int_equal(host->line.consoles[CHANNEL].flags, SERIAL_FRAME_CONSOLE_CHANNEL);
    for (int i = 0; i < 200; i++) {
        say(host, text);
    }
    assert_int_equal(host->consoles[CHANNEL].bytes, 0);
    assert_int_equal(tool(host), SERIAL_MUX_OFFER_NO_TOOL);
}

static void test_tool_gets_all_bytes_and_is_known_to_the_far_end(void **state)
{
    struct mux_host *host = *state;
    uint8_t bytes[256];
    char got[300];

    say(host, "before");
    host->f->notified[CHANNEL] = 0;
    line_set_tool(&host->line, CHANNEL, 77);
    mux_host_run(host);
    assert_int_equal(tool(host), 77);
    assert_true(host->f->notified[CHANNEL] > 0);
    for (unsigned int i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (uint8_t)i;
    }
    assert_int_equal(ring_write(&host->f->clients[CHANNEL], bytes, sizeof(bytes)), sizeof(bytes));
    mux_host_run(host);
    assert_int_equal(host->consoles[CHANNEL].bytes, sizeof(bytes));
    assert_memory_equal(mux_host_shown(host, CHANNEL), bytes, sizeof(bytes));
    assert_int_equal(line_write(&host->line, CHANNEL, bytes, sizeof(bytes)), sizeof(bytes));
    mux_host_run(host);
    assert_int_equal(ring_read(&host->f->clients[CHANNEL], got, sizeof(got)), sizeof(bytes));
    assert_memory_equal(got, bytes, sizeof(bytes));
}

static void test_next_tool_gets_nothing_of_the_last_ones(void **state)
{
    struct mux_host *host = *state;

    line_set_tool(&host->line, CHANNEL, 1);
    mux_host_run(host);
    say(host, "for the first");
    assert_string_equal(mux_host_shown(host, CHANNEL), "for the first");
    /* In the link, in the multiplexer and on the line. */
    (void)mux_fixture_write(host->f, CHANNEL, "late ");
    mux_fixture_run(host->f);
    (void)mux_fixture_write(host->f, CHANNEL, "later");
    line_set_tool(&host->line, CHANNEL, 2);
    mux_host_run(host);
    assert_int_equal(tool(host), 2);
    say(host, "for the second");
    assert_string_equal(mux_host_shown(host, CHANNEL), "for the second");
    line_set_tool(&host->line, CHANNEL, LINE_NO_TOOL);
    mux_host_run(host);
    assert_int_equal(tool(host), SERIAL_MUX_OFFER_NO_TOOL);
    say(host, "for nobody");
    assert_string_equal(mux_host_shown(host, CHANNEL), "");
}

static void test_slow_tool_holds_up_its_channel_only_and_loses_nothing(void **state)
{
    struct mux_host *host = *state;
    uint32_t written = 0;

    line_set_tool(&host->line, CHANNEL, 1);
    mux_host_run(host);
    host->consoles[CHANNEL].is_slow = true;
    for (int i = 0; i < 300; i++) {
        written +=
            ring_write(&host->f->clients[CHANNEL], "0123456789abcdef0123456789abcdef0123456789abcdef", 48);
        written +=
            ring_write(&host->f->clients[CHANNEL], "0123456789abcdef0123456789abcdef0123456789abcdef", 48);
        written +=
            ring_write(&host->f->clients[CHANNEL], "0123456789abcdef0123456789abcdef0123456789abcdef", 48);
        mux_host_run(host);
    }
    assert_int_equal(host->consoles[CHANNEL].bytes, LINE_WINDOW_BYTES);
    assert_int_equal(mux_fixture_write(host->f, 0, "quick"), 5);
    mux_host_run(host);
    assert_string_equal(mux_host_shown(host, 0), "quick");
    host->consoles[CHANNEL].is_slow = false;
    mux_host_run(host);
    assert_int_equal(host->consoles[CHANNEL].bytes, written);
    assert_int_equal(host->consoles[CHANNEL].lost, 0);
}

static void test_end_of_a_session_is_the_end_of_tools(void **state)
{
    struct mux_host *host = *state;

    line_set_tool(&host->line, CHANNEL, 5);
    mux_host_run(host);
    line_leave(&host->line);
    mux_host_run(host);
    assert_int_equal(tool(host), SERIAL_MUX_OFFER_NO_TOOL);
}

/* A host that was killed has not said that its tool is gone; the next one does. */
static void test_next_host_ends_what_the_last_one_had(void **state)
{
    struct mux_host *host = *state;

    line_set_tool(&host->line, CHANNEL, 5);
    mux_host_run(host);
    const struct line_ops *ops = host->line.ops;
    line_init(&host->line, ops, host, MUX_HOST_ESCAPE, 0x123456789ull);
    mux_host_run(host);
    assert_int_equal(tool(host), SERIAL_MUX_OFFER_NO_TOOL);
}

static size_t lose(uint8_t *bytes, size_t count, bool to_mux)
{
    (void)bytes;
    return to_mux ? 0 : count;
}

static void test_lost_word_of_a_tool_is_made_good_by_the_next_ping(void **state)
{
    struct mux_host *host = *state;

    line_set_tool(&host->line, CHANNEL, 5);
    host->noise = lose;
    (void)line_pump(&host->line, host->now_ms, 1);
    mux_host_run(host);
    assert_int_equal(tool(host), SERIAL_MUX_OFFER_NO_TOOL);
    host->noise = NULL;
    mux_host_wait(host, LINE_PING_MS + 1);
    mux_host_run(host);
    assert_int_equal(tool(host), 5);
}

static void test_restarted_far_end_still_sees_its_tool(void **state)
{
    struct mux_host *host = *state;

    line_set_tool(&host->line, CHANNEL, 9);
    mux_host_run(host);
    (void)mux_fixture_write(host->f, CHANNEL, "no newline");
    mux_host_run(host);
    (void)mux_host_shown(host, CHANNEL);
    mux_fixture_start_client(host->f, CHANNEL);
    mux_host_run(host);
    assert_string_equal(mux_host_shown(host, CHANNEL), "");
    say(host, "again");
    assert_string_equal(mux_host_shown(host, CHANNEL), "again");
    assert_int_equal(tool(host), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_plain_terminal_knows_no_channel, setup),
        cmocka_unit_test_setup(test_first_console_that_is_no_channel_has_the_input, setup),
        cmocka_unit_test_setup(test_what_is_written_without_a_tool_is_dropped_and_nobody_waits, setup),
        cmocka_unit_test_setup(test_tool_gets_all_bytes_and_is_known_to_the_far_end, setup_session),
        cmocka_unit_test_setup(test_next_tool_gets_nothing_of_the_last_ones, setup_session),
        cmocka_unit_test_setup(test_slow_tool_holds_up_its_channel_only_and_loses_nothing, setup_session),
        cmocka_unit_test_setup(test_end_of_a_session_is_the_end_of_tools, setup_session),
        cmocka_unit_test_setup(test_next_host_ends_what_the_last_one_had, setup_session),
        cmocka_unit_test_setup(test_lost_word_of_a_tool_is_made_good_by_the_next_ping, setup_session),
        cmocka_unit_test_setup(test_restarted_far_end_still_sees_its_tool, setup_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
