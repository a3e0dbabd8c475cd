/* SPDX-License-Identifier: BSD-2-Clause */
/* Both ends of the framed line: the multiplexer with its peers, and the host. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/mux_host.h"

#define LOG MUX_FIXTURE_CLIENTS

static int setup(void **state)
{
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

static void show(struct mux_host *host, uint32_t client, const char *text)
{
    assert_int_equal(mux_fixture_write(host->f, client, text), strlen(text));
    mux_host_run(host);
}

static void type(struct mux_host *host, uint32_t console, const char *text)
{
    assert_int_equal(line_write(&host->line, console, (const uint8_t *)text, (uint32_t)strlen(text)),
                     strlen(text));
    mux_host_run(host);
}

static void expect_input(struct mux_host *host, uint32_t client, const char *text)
{
    char got[256];
    (void)mux_fixture_read(host->f, client, got, sizeof got);
    assert_string_equal(got, text);
}

static uint64_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return *state >> 33;
}

/* Sessions. */

static void test_greeting_says_which_consoles_there_are(void **state)
{
    struct mux_host *host = *state;
    mux_fixture.config.clients[2].flags = SERIAL_MUX_CLIENT_PORT;
    mux_host_run(host);
    assert_int_equal(host->line.state, LINE_OPEN);
    assert_int_equal(host->line.console_count, 4);
    assert_string_equal(host->line.consoles[0].name, "vm1");
    assert_string_equal(host->line.consoles[2].name, "vm3");
    assert_string_equal(host->line.consoles[LOG].name, "kernel");
    assert_int_equal(host->line.consoles[1].colour, 33);
    assert_int_equal(host->line.consoles[1].flags, 0);
    assert_int_equal(host->line.consoles[2].flags, SERIAL_FRAME_CONSOLE_PORT);
    assert_int_equal(host->line.consoles[LOG].flags, SERIAL_FRAME_CONSOLE_LOG);
    assert_string_equal(mux_host_plain(host), "");
    for (uint32_t i = 0; i < MUX_FIXTURE_CLIENTS; i++) {
        expect_input(host, i, ""); /* a call is no input */
    }
}

static void test_system_that_boots_is_called_until_it_answers(void **state)
{
    struct mux_host *host = *state;
    for (int i = 0; i < 5; i++) { /* nobody listens yet */
        int wait = line_pump(&host->line, host->now_ms, 1);
        assert_int_equal(wait, LINE_CALL_MS);
        mux_host_wait(host, LINE_CALL_MS);
    }
    assert_true(host->line.tx_used >= 5 * SERIAL_FRAME_ENTRY_BYTES);
    show(host, 0, "all of it\n");
    assert_int_equal(host->line.state, LINE_OPEN);
    assert_string_equal(mux_host_shown(host, 0), "all of it\n");
    assert_int_equal(host->consoles[0].lost, 0);
    type(host, 0, "x");
    expect_input(host, 0, "x");
}

/* A UART that is set up while the call comes in loses its first byte. */
static size_t lose_first(uint8_t *bytes, size_t count, bool to_mux)
{
    if (!to_mux || count == 0) {
        return count;
    }
    mux_host.noise = NULL;
    memmove(bytes, bytes + 1, count - 1);
    return count - 1;
}

static void test_call_that_lost_its_first_byte_types_nothing_but_a_delete(void **state)
{
    struct mux_host *host = *state;
    host->noise = lose_first;
    mux_host_run(host);
    assert_int_equal(host->greetings, 0);
    expect_input(host, 0, "\x7f");
    (void)mux_host_plain(host);
    mux_host_wait(host, LINE_CALL_MS);
    mux_host_run(host);
    assert_int_equal(host->greetings, 1);
}

static void test_what_was_shown_comes_as_history_and_the_rest_as_new(void **state)
{
    struct mux_host *host = *state;
    (void)mux_fixture_write(host->f, 0, "first\r\nprompt# ");
    (void)mux_fixture_write(host->f, 1, "a line\r\nhalf");
    mux_fixture_run(host->f);
    (void)mux_fixture_shown(host->f);
    mux_host_run(host);
    assert_string_equal(mux_host_shown(host, 0), "first\r\nprompt# ");
    assert_int_equal(host->consoles[0].history, strlen("first\r\n")); /* the prompt is shown again */
    assert_string_equal(mux_host_shown(host, 1), "a line\r\nhalf");
    assert_int_equal(host->consoles[1].history, strlen("a line\r\n"));
}

static void test_long_history_is_the_last_64_kb_though_more_is_written(void **state)
{
    struct mux_host *host = *state;
    char line[16];
    for (uint32_t i = 0; i < 20000; i++) {
        snprintf(line, sizeof line, "%07u\n", i);
        assert_int_equal(mux_fixture_write(host->f, 1, line), 8);
        if (i % 100 == 0) {
            mux_fixture_run(host->f);
            (void)mux_fixture_shown(host->f);
        }
    }
    mux_fixture_run(host->f);
    (void)mux_fixture_shown(host->f);
    host->consoles[1].is_slow = true;
    mux_host_run(host);
    show(host, 1, "0020000\n"); /* takes the place of a line that has been sent */
    host->consoles[1].is_slow = false;
    mux_host_run(host);
    assert_int_equal(host->consoles[1].lost, 0);
    const char *shown = mux_host_shown(host, 1);
    assert_memory_equal(shown, "0011808\n", 8);
    assert_int_equal(strlen(shown), 0x10000 + 8);
    assert_string_equal(shown + 0x10000, "0020000\n");
}

static void test_leaving_brings_the_plain_terminal_back(void **state)
{
    struct mux_host *host = *state;
    show(host, 0, "prompt# ");
    line_leave(&host->line);
    mux_host_run(host);
    (void)mux_host_plain(host);
    assert_false(host->f->mux.frames.on);
    (void)mux_fixture_write(host->f, 1, "hello\n");
    (void)mux_fixture_write(host->f, 0, "ls\n");
    mux_fixture_run(host->f);
    const char *shown = mux_fixture_shown(host->f);
    assert_non_null(strstr(shown, "[vm1] ls\r\n"));
    assert_non_null(strstr(shown, "[vm2] hello\r\n"));
}

static void test_command_of_the_plain_terminal_brings_it_back(void **state)
{
    struct mux_host *host = *state;
    (void)mux_fixture_type(host->f, "typed\r"); /* alone, that is noise */
    mux_fixture_run(host->f);
    assert_true(host->f->mux.frames.on);
    assert_string_equal(mux_fixture_shown(host->f), "");
    (void)mux_fixture_type(host->f, "\x1c?");
    mux_fixture_run(host->f);
    assert_false(host->f->mux.frames.on);
    assert_non_null(strstr(mux_fixture_shown(host->f), "[mux] After Ctrl-\\:\r\n"));
    expect_input(host, 0, "");
}

static void test_another_host_gets_a_session_of_its_own(void **state)
{
    struct mux_host *host = *state;
    show(host, 1, "before\n");
    (void)mux_host_shown(host, 1);
    line_init(&host->line, host->line.ops, host, MUX_HOST_ESCAPE, 99);
    mux_host_run(host);
    assert_int_equal(host->greetings, 2);
    assert_string_equal(mux_host_shown(host, 1), "before\n");
    assert_int_equal(host->consoles[1].history, strlen("before\n"));
    type(host, 2, "x");
    expect_input(host, 2, "x");
}

/* Output. */

static void test_each_console_gets_its_own_bytes_as_they_are(void **state)
{
    struct mux_host *host = *state;
    static uint8_t bytes[3][4096];
    uint64_t random = 1;
    for (uint32_t i = 0; i < sizeof bytes; i++) {
        bytes[i / 4096][i % 4096] = (uint8_t)random_next(&random);
    }
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(ring_write(&host->f->clients[i], bytes[i], sizeof bytes[i]), sizeof bytes[i]);
    }
    mux_host_run(host);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(host->consoles[i].bytes, sizeof bytes[i]);
        assert_memory_equal(host->consoles[i].text, bytes[i], sizeof bytes[i]);
    }
    assert_string_equal(mux_host_plain(host), "");
}

static void test_prompt_appears_at_once_on_every_console(void **state)
{
    struct mux_host *host = *state;
    show(host, 0, "vm1:~# ");
    show(host, 2, "vm3:~# ");
    assert_string_equal(mux_host_shown(host, 0), "vm1:~# ");
    assert_string_equal(mux_host_shown(host, 2), "vm3:~# ");
}

static void test_log_and_silent_consoles_are_shown(void **state)
{
    struct mux_host *host = *state;
    mux_fixture_type(host->f, "\x1cs2");
    mux_fixture_run(host->f);
    (void)mux_fixture_shown(host->f);
    mux_host_run(host);
    show(host, 1, "silent\n");
    mux_fixture_log(host->f, "kernel: hello\n");
    mux_host_run(host);
    assert_string_equal(mux_host_shown(host, 1), "silent\n");
    assert_string_equal(mux_host_shown(host, LOG), "kernel: hello\n");
}

static void test_flooding_consoles_have_equal_shares(void **state)
{
    struct mux_host *host = *state;
    char flood[16000] = "";
    memset(flood, 'x', sizeof flood - 1);
    for (uint32_t i = 0; i < 3; i++) {
        assert_true(mux_fixture_write(host->f, i, flood) > 15000);
    }
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    while (least > 8000) { /* little by little, as a slow line does */
        char bytes[100];
        serial_mux_run(&host->f->mux);
        uint32_t count = ring_read(&host->f->driver, bytes, sizeof bytes);
        line_feed(&host->line, (const uint8_t *)bytes, count);
        least = UINT32_MAX;
        most = 0;
        for (uint32_t i = 0; i < 3; i++) {
            uint32_t left = 16000 - (uint32_t)host->consoles[i].bytes;
            least = left < least ? left : least;
            most = left > most ? left : most;
        }
        assert_true(most - least <= 2 * SERIAL_FRAME_PAYLOAD_BYTES);
    }
}

static void test_console_that_nobody_reads_waits_alone_and_loses_nothing(void **state)
{
    struct mux_host *host = *state;
    char line[16];
    uint32_t number = 0;
    host->consoles[1].is_slow = true;
    for (uint32_t turn = 0; turn < 40; turn++) {
        while (ring_space(&host->f->clients[1]) >= 8) {
            snprintf(line, sizeof line, "%07u\n", number++);
            assert_int_equal(mux_fixture_write(host->f, 1, line), 8);
        }
        mux_host_run(host);
        show(host, 0, "other\n");
        assert_string_equal(mux_host_shown(host, 0), "other\n");
    }
    assert_in_range(number * 8, MUX_CONSOLE_SCROLLBACK_BYTES, 0x30000);
    host->consoles[1].is_slow = false;
    mux_host_run(host);
    const char *shown = mux_host_shown(host, 1);
    for (uint32_t i = 0; i < number; i++) {
        snprintf(line, sizeof line, "%07u\n", i);
        assert_memory_equal(shown + 8 * i, line, 8);
    }
    assert_int_equal(host->consoles[1].lost, 0);
}

static void test_drop_policy_counts(void **state)
{
    struct mux_host *host = *state;
    host->f->mux.consoles[1].overflow = MUX_CONSOLE_DROP;
    host->consoles[1].is_slow = true;
    uint32_t written = 0;
    for (uint32_t turn = 0; turn < 100; turn++) {
        uint32_t count;
        while ((count = mux_fixture_write(host->f, 1, "0123456\n")) > 0) {
            written += count;
        }
        mux_host_run(host);
    }
    host->consoles[1].is_slow = false;
    mux_host_run(host);
    assert_true(written > 10 * MUX_CONSOLE_SCROLLBACK_BYTES);
    assert_true(host->consoles[1].lost > 8 * MUX_CONSOLE_SCROLLBACK_BYTES);
    assert_int_equal(host->consoles[1].bytes + host->consoles[1].lost, written);
    assert_int_equal(host->consoles[1].lost, host->f->mux.consoles[1].dropped);
}

/* Input. */

static void test_input_goes_to_its_console(void **state)
{
    struct mux_host *host = *state;
    type(host, 0, "one");
    type(host, 1, "two\x03\x1c");
    type(host, 2, "three");
    expect_input(host, 0, "one");
    expect_input(host, 1, "two\x03\x1c");
    expect_input(host, 2, "three");
    assert_int_equal(line_write(&host->line, LOG, (const uint8_t *)"x", 1), 0);
    assert_int_equal(line_write(&host->line, LOG + 1, (const uint8_t *)"x", 1), 0);
}

static void test_64_kb_into_a_slow_console_arrive_and_hold_up_nobody(void **state)
{
    struct mux_host *host = *state;
    static uint8_t paste[0x10000];
    static uint8_t got[0x10000 + 16];
    uint32_t sent = 0;
    uint32_t received = 0;
    uint32_t waits = 0;
    uint64_t random = 7;
    for (uint32_t i = 0; i < sizeof paste; i++) {
        paste[i] = (uint8_t)random_next(&random);
    }
    while (received < sizeof paste) {
        uint32_t taken = line_write(&host->line, 0, paste + sent, (uint32_t)sizeof paste - sent);
        sent += taken;
        mux_host_run(host);
        if (taken > 0) {
            continue;
        }
        waits++;
        type(host, 1, "at once");
        expect_input(host, 1, "at once");
        uint32_t count = ring_read(&host->f->clients[0], got + received, 777);
        assert_true(count > 0);
        received += count;
        if (ring_should_signal_space(&host->f->clients[0])) {
            mux_host_run(host);
        }
    }
    assert_true(waits > 10);
    assert_memory_equal(got, paste, sizeof paste);
}

static void test_size_reaches_the_console(void **state)
{
    struct mux_host *host = *state;
    host->f->notified[1] = 0;
    line_resize(&host->line, 1, 132, 43);
    mux_host_run(host);
    assert_int_equal(ring_peer_offer(&host->f->clients[1]), SERIAL_MUX_OFFER_SIZE(132, 43));
    assert_int_equal(host->f->notified[1], 1);
    line_resize(&host->line, 1, 132, 43); /* nothing new */
    line_resize(&host->line, LOG, 1, 1);
    line_resize(&host->line, 1000, 1, 1);
    mux_host_run(host);
    assert_int_equal(host->f->notified[1], 1);
    assert_int_equal(ring_peer_offer(&host->f->clients[0]), 0);
}

/* Trouble. */

static void test_guest_cannot_fake_a_frame_within_a_session(void **state)
{
    struct mux_host *host = *state;
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    const struct serial_frame fake = {
        .type = SERIAL_FRAME_DATA, .console = 0, .payload = (const uint8_t *)"gotcha\n", .payload_bytes = 7};
    /* Even with the nonce. */
    uint32_t length = (uint32_t)serial_frame_encode(host->line.nonce, &fake, wire);
    assert_int_equal(ring_write(&host->f->clients[1], "\xff\xff", 2), 2);
    assert_int_equal(ring_write(&host->f->clients[1], wire, length), length);
    assert_int_equal(ring_write(&host->f->clients[1], "\xff", 1), 1);
    mux_host_run(host);
    assert_int_equal(host->consoles[0].bytes, 0);
    assert_int_equal(host->consoles[1].bytes, length + 3);
    assert_memory_equal(host->consoles[1].text + 2, wire, length);
    assert_int_equal(host->line.damaged, 0);
}

static void test_guest_cannot_fake_a_session(void **state)
{
    struct mux_host *host = *state;
    uint8_t wire[SERIAL_FRAME_WIRE_BYTES];
    uint8_t name[SERIAL_FRAME_CONSOLE_NAME + 3] = {0};
    memcpy(&name[SERIAL_FRAME_CONSOLE_NAME], "vm2", 3);
    const struct serial_frame hello = {
        .type = SERIAL_FRAME_HELLO, .console = 1, .value = SERIAL_FRAME_VERSION};
    const struct serial_frame console = {
        .type = SERIAL_FRAME_CONSOLE, .payload = name, .payload_bytes = sizeof name};
    for (uint64_t nonce = 0; nonce < 1000; nonce++) { /* it has the terminal, and guesses */
        line_feed(&host->line, wire, serial_frame_encode(nonce, &hello, wire));
        line_feed(&host->line, wire, serial_frame_encode(nonce, &console, wire));
    }
    assert_int_equal(host->line.state, LINE_CALLING);
    assert_int_equal(host->line.console_count, 0);
    assert_int_equal(host->greetings, 0);
}

static void test_text_of_the_kernel_within_a_frame_breaks_nothing(void **state)
{
    struct mux_host *host = *state;
    uint8_t wire[4096];
    (void)mux_fixture_write(host->f, 0, "a line of vm1\r\n");
    serial_mux_run(&host->f->mux);
    uint32_t count = ring_read(&host->f->driver, wire, sizeof wire);
    line_feed(&host->line, wire, count / 2);
    line_feed(&host->line, (const uint8_t *)"panic!\r\n", 8);
    line_feed(&host->line, wire + count / 2, count - count / 2);
    assert_string_equal(mux_host_shown(host, 0), "a line of vm1\r\n");
    assert_string_equal(mux_host_plain(host), "panic!\r\n");
    assert_int_equal(host->line.state, LINE_DOUBTFUL);
    assert_int_equal(line_write(&host->line, 0, (const uint8_t *)"x", 1), 0);
    mux_host_run(host);
    assert_int_equal(host->line.state, LINE_OPEN);
    type(host, 0, "x");
    expect_input(host, 0, "x");
}

static void test_restarted_multiplexer_is_called_again_and_gets_no_input_before(void **state)
{
    struct mux_host *host = *state;
    struct mux_fixture *f = host->f;
    show(host, 1, "before\n");
    assert_int_equal(serial_mux_init(&f->mux, &f->config, f->mux.notify, f), ERR_OK);
    for (uint32_t i = 0; i < MUX_FIXTURE_CLIENTS; i++) {
        (void)ring_sync(&f->clients[i]);
    }
    (void)ring_sync(&f->driver);
    (void)mux_host_shown(host, 1);
    show(host, 0, "plain\n");
    assert_int_equal(host->line.state, LINE_DOUBTFUL);
    assert_int_equal(line_write(&host->line, 1, (const uint8_t *)"secret", 6), 0);
    mux_host_wait(host, LINE_PONG_MS);
    mux_host_run(host);
    assert_int_equal(host->greetings, 2);
    assert_int_equal(host->line.state, LINE_OPEN);
    show(host, 1, "after\n");
    assert_string_equal(mux_host_shown(host, 1), "after\n");
    type(host, 1, "secret");
    expect_input(host, 1, "secret");
}

static void test_slow_answer_makes_a_new_session_that_loses_nothing(void **state)
{
    struct mux_host *host = *state;
    uint8_t wire[0x8000];
    char line[16];
    line_feed(&host->line, (const uint8_t *)"!", 1);
    (void)line_pump(&host->line, host->now_ms, 5);
    for (uint32_t i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "%05u\n", i);
        assert_int_equal(mux_fixture_write(host->f, 2, line), 6);
    }
    /* All of it is under way in the old session when the new one begins. */
    mux_fixture_run(host->f);
    uint32_t count = (uint32_t)host->f->terminal_bytes;
    memcpy(wire, host->f->terminal, count);
    host->f->terminal_bytes = 0;
    mux_host_wait(host, LINE_PONG_MS);
    (void)line_pump(&host->line, host->now_ms, 6);
    assert_int_equal(host->line.state, LINE_CALLING);
    line_feed(&host->line, wire, count);
    mux_host_run(host);
    assert_int_equal(host->line.state, LINE_OPEN);
    assert_int_equal(host->greetings, 2);
    assert_int_equal(host->consoles[2].lost, 0);
    assert_int_equal(host->consoles[2].bytes, 6000);
    const char *shown = mux_host_shown(host, 2);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_int_equal(strtoul(shown + 6 * i, NULL, 10), i);
    }
}

static uint64_t noise_random;

/* Every few hundred bytes something happens to one. */
static size_t damage(uint8_t *bytes, size_t count, bool to_mux)
{
    size_t out = 0;
    (void)to_mux;
    for (size_t i = 0; i < count; i++) {
        uint64_t random = random_next(&noise_random);
        if (random % 300 == 0) {
            bytes[i] = (uint8_t)(random >> 16);
        } else if (random % 300 == 1) {
            continue;
        }
        bytes[out++] = bytes[i];
    }
    return out;
}

static void test_noise_on_the_line_loses_what_it_hits_and_tells(void **state)
{
    struct mux_host *host = *state;
    noise_random = 3;
    host->noise = damage;
    uint32_t written = 0;
    for (uint32_t turn = 0; turn < 400; turn++) {
        char line[128];
        snprintf(line, sizeof line, "%08u %100s\n", turn, "");
        written += mux_fixture_write(host->f, 1, line);
        mux_host_run(host);
        mux_host_wait(host, LINE_CALL_MS);
    }
    host->noise = NULL;
    for (uint32_t i = 0; i < 30; i++) { /* a second multiplexer's command may have come of it */
        mux_host_wait(host, LINE_PONG_MS);
        (void)mux_fixture_write(host->f, 0, "x\n");
        mux_host_run(host);
    }
    assert_int_equal(host->line.state, LINE_OPEN);
    struct mux_host_console *console = &host->consoles[1];
    assert_true(host->line.damaged + console->lost > 0);
    /* Whatever arrived is as it was sent: lines begin with their numbers or are a piece of one. */
    assert_true(console->bytes <= written);
    const char *shown = mux_host_shown(host, 1);
    uint32_t last = 0;
    for (const char *at = shown; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
        at += *at == '\n';
        if (strlen(at) > 9 && at[8] == ' ' && strspn(at, "0123456789") == 8) {
            uint32_t number = (uint32_t)strtoul(at, NULL, 10);
            assert_true(number >= last && number < 400);
            last = number;
        }
    }
    show(host, 1, "end\n");
    const char *end = mux_host_shown(host, 1);
    assert_string_equal(end + strlen(end) - 4, "end\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_greeting_says_which_consoles_there_are, setup),
        cmocka_unit_test_setup(test_system_that_boots_is_called_until_it_answers, setup),
        cmocka_unit_test_setup(test_call_that_lost_its_first_byte_types_nothing_but_a_delete, setup),
        cmocka_unit_test_setup(test_what_was_shown_comes_as_history_and_the_rest_as_new, setup),
        cmocka_unit_test_setup(test_long_history_is_the_last_64_kb_though_more_is_written, setup),
        cmocka_unit_test_setup(test_leaving_brings_the_plain_terminal_back, setup_session),
        cmocka_unit_test_setup(test_command_of_the_plain_terminal_brings_it_back, setup_session),
        cmocka_unit_test_setup(test_another_host_gets_a_session_of_its_own, setup_session),
        cmocka_unit_test_setup(test_each_console_gets_its_own_bytes_as_they_are, setup_session),
        cmocka_unit_test_setup(test_prompt_appears_at_once_on_every_console, setup_session),
        cmocka_unit_test_setup(test_log_and_silent_consoles_are_shown, setup),
        cmocka_unit_test_setup(test_flooding_consoles_have_equal_shares, setup_session),
        cmocka_unit_test_setup(test_console_that_nobody_reads_waits_alone_and_loses_nothing, setup_session),
        cmocka_unit_test_setup(test_drop_policy_counts, setup_session),
        cmocka_unit_test_setup(test_input_goes_to_its_console, setup_session),
        cmocka_unit_test_setup(test_64_kb_into_a_slow_console_arrive_and_hold_up_nobody, setup_session),
        cmocka_unit_test_setup(test_size_reaches_the_console, setup_session),
        cmocka_unit_test_setup(test_guest_cannot_fake_a_frame_within_a_session, setup_session),
        cmocka_unit_test_setup(test_guest_cannot_fake_a_session, setup),
        cmocka_unit_test_setup(test_text_of_the_kernel_within_a_frame_breaks_nothing, setup_session),
        cmocka_unit_test_setup(test_restarted_multiplexer_is_called_again_and_gets_no_input_before,
                               setup_session),
        cmocka_unit_test_setup(test_slow_answer_makes_a_new_session_that_loses_nothing, setup_session),
        cmocka_unit_test_setup(test_noise_on_the_line_loses_what_it_hits_and_tells, setup_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
