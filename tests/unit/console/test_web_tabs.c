/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway web` without the web: what a browser says, who may connect, what a tab is told, commands to guests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/terminal.h"
#include "console/web/commander.h"
#include "console/web/guard.h"
#include "console/web/message.h"
#include "console/web/plug.h"
#include "console/web/session.h"
#include "console/web/store.h"

#define TOKEN "0123456789abcdef0123456789abcdef"
#define LOG 2u /* behind vm1 and vm2 */

static struct store store;
static struct session session;
static struct session_frame frame;

static int set_up(void **state)
{
    const struct listing listing = {.title = "test",
                                    .count = 5,
                                    .entries = {{LISTING_CONSOLE, "vm1"},
                                                {LISTING_CONSOLE, "vm2"},
                                                {LISTING_PORT, "vm1_tools"},
                                                {LISTING_CHANNEL, "top"},
                                                {LISTING_CHANNEL, "vm1.ctl"}}};

    (void)state;
    store_init(&store, &listing, false);
    session_init(&session, &store);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    session_frame_free(&frame);
    store_free(&store);
    return 0;
}

static void output(uint32_t console, const char *text)
{
    store_output(&store, console, (const uint8_t *)text, (uint32_t)strlen(text), 1000);
}

/* The next message is text, and has that in it. */
static void expect_text(const char *part)
{
    session_frame_free(&frame);
    assert_true(session_next(&session, &store, &frame));
    assert_true(frame.is_text);
    if (strstr(frame.text, part) == NULL) {
        fail_msg("no %s in %s", part, frame.text);
    }
}

static void expect_binary(char kind, uint32_t console, const char *bytes)
{
    session_frame_free(&frame);
    assert_true(session_next(&session, &store, &frame));
    assert_false(frame.is_text);
    assert_int_equal(frame.bytes[0], kind);
    assert_int_equal(frame.bytes[1], console);
    assert_int_equal(frame.count, 2 + strlen(bytes));
    assert_memory_equal(frame.bytes + 2, bytes, strlen(bytes));
}

static void expect_nothing(void)
{
    session_frame_free(&frame);
    assert_false(session_is_due(&session, &store));
    assert_false(session_next(&session, &store, &frame));
}

static void test_messages_of_a_browser(void **state)
{
    static const struct {
        const char *bytes;
        size_t count;
        bool is_good;
    } rows[] = {
        {"O\1", 2, true},
        {"C\1", 2, true},
        {"D\1x", 3, true},
        {"S\1\120\0\30\0", 6, true},
        {"V\0\4", 3, true},
        {"", 0, false},
        {"O", 1, false},
        {"O\1x", 3, false},
        {"D\1", 2, false},
        {"S\1\1\0\30\0", 6, false},
        {"S\1\120\0\30", 5, false},
        {"S\1\120\0\30\377", 6, false},
        {"V\0\5", 3, false},
        {"V\0", 2, false},
        {"V\0\0\0", 4, false},
        {"A\1", 2, false},
        {"R\1", 2, false},
        {"\0\0", 2, false},
    };
    static uint8_t longest[MESSAGE_BYTES + 1] = {'D'};
    struct message message;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(message_parse(&message, (const uint8_t *)rows[i].bytes, rows[i].count),
                         rows[i].is_good);
    }
    assert_true(message_parse(&message, longest, MESSAGE_BYTES));
    assert_int_equal(message.count, MESSAGE_INPUT_BYTES);
    assert_false(message_parse(&message, longest, MESSAGE_BYTES + 1));
    assert_true(message_parse(&message, (const uint8_t *)"S\1\204\0\53\0", 6));
    assert_int_equal(message.cols, 132);
    assert_int_equal(message.rows, 43);
}

static void test_who_may_connect(void **state)
{
    char token[GUARD_TOKEN_BYTES], other[GUARD_TOKEN_BYTES];

    (void)state;
    assert_true(guard_make_token(token) && guard_make_token(other));
    assert_int_equal(strspn(token, "0123456789abcdef"), GUARD_TOKEN_BYTES - 1);
    assert_string_not_equal(token, other);
    assert_string_equal(guard_path(TOKEN, "/" TOKEN "/"), "");
    assert_string_equal(guard_path(TOKEN, "/" TOKEN "/page.js"), "page.js");
    assert_null(guard_path(TOKEN, "/" TOKEN));
    assert_null(guard_path(TOKEN, "/"));
    assert_null(guard_path(TOKEN, ""));
    assert_null(guard_path(TOKEN, "/page.js"));
    assert_null(guard_path(TOKEN, "/0123456789abcdef0123456789abcdeF/page.js"));
    assert_true(guard_host("127.0.0.1:8080", 8080));
    assert_true(guard_host("localhost:8080", 8080));
    assert_false(guard_host("localhost:8081", 8080));
    assert_false(guard_host("localhost", 8080));
    assert_false(guard_host("attacker.example:8080", 8080));
    assert_false(guard_host("", 8080));
    assert_true(guard_origin("http://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_true(guard_origin("", "127.0.0.1:8080"));
    assert_false(guard_origin("http://attacker.example", "127.0.0.1:8080"));
    assert_false(guard_origin("https://127.0.0.1:8080", "127.0.0.1:8080"));
    assert_false(guard_origin("null", "127.0.0.1:8080"));
    assert_false(guard_origin("http://127.0.0.1:80801", "127.0.0.1:8080"));
}

static void test_a_tab_is_told_what_there_is(void **state)
{
    (void)state;
    expect_text(
        "{\"kind\":\"system\",\"title\":\"test\",\"readOnly\":false,\"hasTop\":true,\"hasEnded\":false,"
        "\"consoles\":[\"vm1\",\"vm2\",\"log\"],"
        "\"guests\":[{\"name\":\"vm1\",\"state\":\"\",\"isBusy\":false}]}");
    expect_nothing();
    output(0, "of no interest to a tab that shows another console");
    expect_nothing();
}

static void test_history_asks_nothing_and_the_rest_is_as_it_is(void **state)
{
    (void)state;
    expect_text("system");
    output(0, "old \x1b[31mred\x1b[6n\n");
    session_open(&session, &store, 0);
    expect_binary('R', 0, "");
    expect_binary('D', 0, "old \x1b[31mred\x1b[0m\r\n");
    output(0, "new\x1b[6n\r\n");
    expect_binary('D', 0, "new\x1b[6n\r\n");
    expect_nothing();
    session.consoles[0].is_open = false;
    output(0, "closed");
    expect_nothing();
}

static void test_a_slow_tab_finds_the_present(void **state)
{
    static char flood[STORE_SCROLL_BYTES + 1000];
    size_t bytes = 0;

    (void)state;
    expect_text("system");
    session_open(&session, &store, 0);
    expect_binary('R', 0, "");
    memset(flood, 'x', sizeof(flood) - 1);
    output(0, flood);
    output(LOG, "kernel: here\n");
    /* Others have their turn between. */
    bool has_text = false;

    session_frame_free(&frame);
    while (session_next(&session, &store, &frame)) {
        has_text |= frame.is_text && strstr(frame.text, "kernel: here") != NULL && bytes < STORE_SCROLL_BYTES;
        assert_true(bytes != 0 || frame.is_text ||
                    strncmp((const char *)frame.bytes + 2, "\r\n-- 999 bytes not shown --\r\n", 29) == 0);
        bytes += frame.is_text ? 0 : frame.count - 2;
        session_frame_free(&frame);
    }
    assert_true(has_text);
    assert_int_equal(bytes, STORE_SCROLL_BYTES + 29);
}

static void test_lines_of_the_log_are_events(void **state)
{
    (void)state;
    expect_text("system");
    output(LOG, "one\r\n\n\x1b[1mvm1_vmm has \"faulted\"\xff\nthird");
    expect_text("\"level\":\"info\",\"text\":\"one\"}");
    expect_text("\"time\":1000,\"level\":\"error\",\"text\":\"[1mvm1_vmm has \\\"faulted\\\"?\"}");
    expect_nothing();
    for (uint32_t i = 0; i < 2 * STORE_EVENTS; i++) {
        output(LOG, "x\n");
    }
    uint32_t count = 0;

    session_frame_free(&frame);
    while (session_next(&session, &store, &frame)) {
        session_frame_free(&frame);
        count++;
    }
    assert_int_equal(count, STORE_EVENTS);
}

static void test_figures(void **state)
{
    static const char answer[] =
        "begin 1\ntime 62500000 62500000\nof core idle_ticks\ncore 0 31250000\nend 1\n";

    (void)state;
    expect_text("system");
    store_counted(&store, answer, 40);
    expect_nothing();
    store_counted(&store, answer + 40, sizeof(answer) - 1 - 40);
    expect_text("{\"kind\":\"top\",\"top\":{\"ticks\":62500000,");
    assert_non_null(strstr(frame.text, "\"core\":[{\"name\":\"0\""));
    expect_nothing();
}

/* A folder with a VMM that gets commands: a listener. */

static char folder[40];
static int vmm;

static int open_socket(const char *name, int type)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int listener = socket(AF_UNIX, type, 0);

    (void)snprintf(folder, sizeof(folder), "/tmp/test_web_tabs.%d", (int)getpid());
    (void)mkdir(folder, 0700);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);
    (void)unlink(address.sun_path);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 4), 0);
    return listener;
}

static void remove_folder(const char *name)
{
    char path[80];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    (void)unlink(path);
    (void)rmdir(folder);
}

/* It gets a line and answers; NULL: it lets go without a word. */
static void answer_with(struct commander *commander, const char *question, const char *answer, uint64_t now)
{
    char got[64] = "";

    assert_true(commander_step(commander, true, now, now));
    const int ours = commander->fd, theirs = accept(vmm, NULL, NULL);

    assert_true(recv(theirs, got, sizeof(got) - 1, 0) > 0);
    assert_string_equal(got, question);
    assert_true(commander_read(commander, now, now)); /* nothing yet */
    assert_false(commander_step(commander, true, now, now));
    if (answer != NULL) {
        assert_int_equal(send(theirs, answer, strlen(answer), 0), strlen(answer));
    } else {
        close(theirs);
    }
    assert_false(commander_read(commander, now, now));
    close(ours);
    if (answer != NULL) {
        close(theirs);
    }
}

static void test_commands(void **state)
{
    struct commander commander;

    (void)state;
    vmm = open_socket("vm1.ctl", SOCK_STREAM);
    commander_init(&commander, &store, folder);
    expect_text("system");
    assert_false(commander_step(&commander, false, 1, 1)); /* nobody looks */
    answer_with(&commander, "state\n", "ok running\n", 1);
    expect_text("\"state\":\"running\",\"isBusy\":false");
    expect_nothing();
    assert_true(commander_want(&commander, 0, "pause"));
    assert_false(commander_want(&commander, 0, "stop"));
    expect_text("\"isBusy\":true");
    /* Another tool has it for a moment. */
    answer_with(&commander, "pause\n", NULL, 10);
    assert_false(commander_step(&commander, true, 10, 10));
    answer_with(&commander, "pause\n", "ok\n", 1000);
    expect_text("\"isBusy\":false");
    expect_text("\"text\":\"vm1: pause: done\"");
    answer_with(&commander, "state\n", "ok paused\n", 1000);
    expect_text("\"state\":\"paused\"");
    expect_text("\"level\":\"warning\",\"text\":\"vm1 is paused\"");
    assert_true(commander_want(&commander, 0, "start"));
    expect_text("\"isBusy\":true");
    answer_with(&commander, "start\n", "error: it is \x01 not off\n", 3000);
    expect_text("\"isBusy\":false");
    expect_text("\"level\":\"error\",\"text\":\"vm1: start: error: it is ? not off\"");
    expect_nothing();
    /* A VMM that says too much, or nothing that is a state, changes nothing. */
    answer_with(&commander, "state\n", "ok Malformed\x02\n", 9000);
    expect_nothing();
    close(vmm);
    remove_folder("vm1.ctl");
}

static void test_a_command_without_an_answer_ends(void **state)
{
    struct commander commander;
    uint64_t now = 1;

    (void)state;
    vmm = open_socket("vm1.ctl", SOCK_STREAM);
    commander_init(&commander, &store, folder);
    expect_text("system");
    assert_true(commander_want(&commander, 0, "reset"));
    expect_text("\"isBusy\":true");
    assert_true(commander_step(&commander, true, now, now));
    assert_false(commander_step(&commander, true, now + 20000, now));
    const int fd = commander.fd;

    assert_false(commander_read(&commander, now + 20000, now));
    close(fd);
    expect_text("\"isBusy\":false");
    expect_text("no answer");
    close(vmm);
    remove_folder("vm1.ctl");
}

static void test_what_is_typed_waits_for_the_hub(void **state)
{
    static struct plug plug;
    static uint8_t typed[MESSAGE_INPUT_BYTES];
    uint8_t packet[TERMINAL_PACKET_BYTES + 1];
    const int listener = open_socket("vm1", SOCK_SEQPACKET);
    uint32_t count = 0, got = 0;

    (void)state;
    assert_true(plug_open(&plug, folder, "vm1"));
    const int hub = accept(listener, NULL, NULL);

    plug_resize(&plug, 132, 43);
    assert_true(plug_flush(&plug));
    assert_int_equal(recv(hub, packet, sizeof(packet), 0), 5);
    assert_memory_equal(packet, "S\204\0\53\0", 5);
    memset(typed, 'a', sizeof(typed));
    /* Until neither the socket nor the plug takes more. */
    while (plug_type(&plug, typed, sizeof(typed))) {
        count += (uint32_t)sizeof(typed);
        (void)plug_flush(&plug);
    }
    assert_false(plug_flush(&plug));
    while (got < count) {
        const ssize_t more = recv(hub, packet, sizeof(packet), 0);

        assert_true(more > 1 && more <= (ssize_t)TERMINAL_PACKET_BYTES && packet[0] == TERMINAL_DATA);
        got += (uint32_t)more - 1;
        (void)plug_flush(&plug);
    }
    assert_int_equal(got, count);
    assert_true(plug_flush(&plug));
    close(plug.fd);
    plug.fd = -1;
    assert_true(plug_type(&plug, typed, 1));
    assert_true(plug_flush(&plug));
    close(hub);
    close(listener);
    remove_folder("vm1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_messages_of_a_browser),
        cmocka_unit_test(test_who_may_connect),
        cmocka_unit_test_setup_teardown(test_a_tab_is_told_what_there_is, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_history_asks_nothing_and_the_rest_is_as_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(test_a_slow_tab_finds_the_present, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lines_of_the_log_are_events, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_figures, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commands, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_command_without_an_answer_ends, set_up, tear_down),
        cmocka_unit_test(test_what_is_typed_waits_for_the_hub),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
