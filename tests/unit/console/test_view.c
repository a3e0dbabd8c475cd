/* SPDX-License-Identifier: BSD-2-Clause */
/* All consoles on one terminal, of any width; and the files that they are kept in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "console/logbook.h"
#include "console/view.h"

#define VM1 0u
#define PORT 1u
#define VM2 2u
#define CHANNEL 3u
#define LOG 4u
#define MAX_ROWS 64u
#define MAX_COLS 256u

static struct view view;
static struct line line;

/* A terminal: as much of one as the view asks for. */
static struct {
    uint32_t cols, row, col; /* col == cols: the next character is on the next line */
    char cells[MAX_ROWS][MAX_COLS + 1];
} screen;

static void screen_start(uint32_t cols)
{
    memset(&screen, 0, sizeof(screen));
    screen.cols = cols;
}

static void screen_erase(uint32_t row, uint32_t col)
{
    memset(&screen.cells[row][col], 0, MAX_COLS - col);
}

static const char *screen_sequence(const char *text)
{
    unsigned int number = 0;

    assert_int_equal(*text, '[');
    for (text++; (*text >= '0' && *text <= '9') || *text == ';'; text++) {
        number = *text == ';' ? 0 : 10 * number + (unsigned int)(*text - '0');
    }
    if (*text == 'A') {
        assert_true(number <= screen.row);
        screen.row -= number;
    } else if (*text == 'K' || *text == 'J') {
        screen_erase(screen.row, screen.col);
        for (uint32_t row = screen.row + 1; *text == 'J' && row < MAX_ROWS; row++) {
            screen_erase(row, 0);
        }
    } else {
        assert_int_equal(*text, 'm');
    }
    return text + 1;
}

static void screen_put(const char *text)
{
    while (*text != '\0') {
        if (*text == '\x1b') {
            text = screen_sequence(text + 1);
            continue;
        }
        if (*text == '\r') {
            screen.col = 0;
        } else if (*text == '\n') {
            screen.row++;
        } else {
            if (screen.col == screen.cols) {
                screen.col = 0;
                screen.row++;
            }
            screen.cells[screen.row][screen.col++] = *text;
        }
        assert_true(screen.row < MAX_ROWS);
        text++;
    }
}

static void add(uint32_t index, const char *name, uint32_t flags)
{
    struct line_console *console = &line.consoles[index];

    (void)snprintf(console->name, sizeof(console->name), "%s", name);
    console->flags = flags;
    console->limit = 1000;
    line.console_count = index + 1;
}

static int setup(void **state)
{
    (void)state;
    line_init(&line, NULL, NULL, 0x1c, 1);
    line.state = LINE_OPEN;
    add(VM1, "vm1", 0);
    add(PORT, "vm1_tools", SERIAL_FRAME_CONSOLE_PORT);
    add(VM2, "vm2", 0);
    add(CHANNEL, "top", SERIAL_FRAME_CONSOLE_CHANNEL);
    add(LOG, "kernel", SERIAL_FRAME_CONSOLE_LOG);
    return view_open(&view, &line, 0x1c) ? 0 : -1;
}

static void put(uint32_t console, const char *text)
{
    view_put(&view, console, (const uint8_t *)text, (uint32_t)strlen(text));
    view_serve(&view, &line);
}

/* What goes to the terminal; valid until the next call. */
static const char *shown(void)
{
    static char text[0x20000];
    uint32_t used = 0;
    uint32_t count;

    while ((count = view_take(&view, (uint8_t *)text + used, (uint32_t)sizeof(text) - 1 - used)) > 0) {
        used += count;
    }
    text[used] = '\0';
    return text;
}

static void type(const char *text)
{
    assert_int_equal(view_type(&view, (const uint8_t *)text, (uint32_t)strlen(text)), strlen(text));
    view_serve(&view, &line);
}

static void test_consoles_and_keys_are_the_multiplexers(void **state)
{
    (void)state;
    put(VM1, "vm1 says\n");
    put(VM2, "vm2 says\n");
    put(PORT, "bytes of a program\n");
    view_log(&view, (const uint8_t *)"kernel: here\n", 13);
    const char *text = shown();
    assert_non_null(strstr(text, "vm1] vm1 says\r\n") != NULL ? text : strstr(text, "vm1 says"));
    assert_non_null(strstr(text, "vm2 says\r\n"));
    assert_non_null(strstr(text, "kernel: here\r\n"));
    assert_null(strstr(text, "program"));
    type("abc\x1c"
         "2def");
    assert_int_equal(line.consoles[VM1].sent, 3);
    assert_int_equal(line.consoles[VM2].sent, 3);
    assert_int_equal(line.consoles[PORT].sent, 0);
    assert_non_null(strstr(shown(), "input goes to vm2"));
    type("\x1cl");
    text = shown();
    assert_non_null(strstr(text, " 2  vm2"));
    assert_null(strstr(text, "top"));
}

static void test_input_waits_for_the_line(void **state)
{
    (void)state;
    line.consoles[VM1].limit = 2;
    type("abcdef");
    assert_int_equal(line.consoles[VM1].sent, 2);
    line.consoles[VM1].limit = 10;
    view_serve(&view, &line);
    assert_int_equal(line.consoles[VM1].sent, 6);
}

static void test_a_windows_worth_fits_and_waits_while_nobody_looks(void **state)
{
    static uint8_t bytes[LINE_WINDOW_BYTES];
    uint64_t total = 0;
    (void)state;

    memset(bytes, 'x', sizeof(bytes));
    for (int i = 0; i < 64 && view_pending(&view, VM1) == 0; i++) {
        view_put(&view, VM1, bytes, sizeof(bytes));
        view_serve(&view, &line);
        total += sizeof(bytes);
    }
    assert_true(view_pending(&view, VM1) > 0);
    uint64_t seen = 0;
    for (const char *c = shown(); *c != '\0' || view_pending(&view, VM1) > 0; c++) {
        if (*c == '\0') {
            c = shown();
        }
        seen += *c == 'x';
    }
    assert_int_equal(seen, total);
    assert_int_equal(view_pending(&view, CHANNEL), 0);
}

static void test_an_unfinished_line_is_there_once_at_any_width(void **state)
{
    static const uint32_t widths[] = {20, 80, 81, 132, 207};
    char text[200];
    (void)state;

    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        assert_int_equal(setup(state), 0);
        view_resize(&view, widths[i]);
        screen_start(widths[i]);
        for (uint32_t length = 1; length < sizeof(text); length = length * 3 / 2 + 1) {
            memset(text, 'u', length);
            text[length] = '\0';
            put(VM1, text);
            screen_put(shown());
            put(VM2, "other\n");
            screen_put(shown());
            put(VM1, "\n");
            screen_put(shown());
            /* vm2's line, then vm1's, in as many rows as it needs: and nothing of it anywhere else. */
            const uint32_t cells = 6 + length;
            const uint32_t rows = (cells + widths[i] - 1) / widths[i];
            uint32_t count = 0;
            for (uint32_t row = 0; row < MAX_ROWS; row++) {
                for (uint32_t col = 0; col < widths[i]; col++) {
                    count += screen.cells[row][col] == 'u';
                }
            }
            assert_int_equal(count, length);
            assert_int_equal(screen.row, 1 + rows);
            screen_start(widths[i]);
        }
    }
}

static void test_log_has_the_time_in_front_of_each_line(void **state)
{
    char folder[] = "/tmp/test_view.XXXXXX";
    char path[64];
    char text[256];
    struct logbook logbook;
    (void)state;

    assert_int_equal(setenv("TZ", "UTC", 1), 0);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/vm1.log", folder);
    assert_true(logbook_open(&logbook, folder, "vm1"));
    logbook_put(&logbook, (const uint8_t *)"one\r\ntw", 7, 1000);
    logbook_put(&logbook, (const uint8_t *)"o\n\nun", 5, 2500);
    logbook_close(&logbook);
    /* It is kept, and added to. */
    assert_true(logbook_open(&logbook, folder, "vm1"));
    logbook_put(&logbook, (const uint8_t *)"more\n", 5, 86400000);
    logbook_close(&logbook);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(text,
                        "1970-01-01 00:00:01.000 one\n1970-01-01 00:00:01.000 two\n1970-01-01 00:00:02.500 \n"
                        "1970-01-01 00:00:02.500 un\n1970-01-02 00:00:00.000 more\n");
    (void)unlink(path);
    (void)rmdir(folder);
    assert_false(logbook_open(&logbook, "/nowhere/at/all", "x"));
    logbook_put(&logbook, (const uint8_t *)"x", 1, 0);
    logbook_close(&logbook);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_consoles_and_keys_are_the_multiplexers, setup),
        cmocka_unit_test_setup(test_input_waits_for_the_line, setup),
        cmocka_unit_test_setup(test_a_windows_worth_fits_and_waits_while_nobody_looks, setup),
        cmocka_unit_test_setup(test_an_unfinished_line_is_there_once_at_any_width, setup),
        cmocka_unit_test_setup(test_log_has_the_time_in_front_of_each_line, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
