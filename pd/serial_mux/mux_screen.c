/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/mux_screen.h"

#include "lib/base/format.h"
#include "lib/base/mem.h"
#include "pd/serial_mux/mux_filter.h"

/* Room for one byte of live output: CR, name with colours, the byte. */
#define BYTE_ROOM_BYTES 96u

_Static_assert(MUX_CONSOLE_LINE_BYTES + 4 * BYTE_ROOM_BYTES <= MUX_SCREEN_ROOM_BYTES, "a line fits the room");

static const char colours_off[] = "\x1b[0m";

static uint32_t room(const struct mux_screen *screen)
{
    return MUX_SCREEN_BYTES - screen->used;
}

bool mux_screen_has_room(const struct mux_screen *screen)
{
    return room(screen) >= MUX_SCREEN_ROOM_BYTES;
}

static void put(struct mux_screen *screen, const void *bytes, size_t count)
{
    if (count <= room(screen)) {
        memcpy(&screen->out[screen->used], bytes, count);
        screen->used += (uint32_t)count;
    }
}

static void put_text(struct mux_screen *screen, const char *text)
{
    put(screen, text, strlen(text));
}

void mux_screen_put(struct mux_screen *screen, const void *bytes, uint32_t count)
{
    put(screen, bytes, count);
}

void mux_screen_sent(struct mux_screen *screen, uint32_t count)
{
    screen->used -= count;
    memmove(screen->out, &screen->out[count], screen->used);
}

static void put_name(struct mux_screen *screen, const struct mux_console *console, const char *mark)
{
    char text[BYTE_ROOM_BYTES];
    bool coloured = screen->colours && console->colour != 0;
    if (!console->named) {
        return;
    }
    if (coloured) {
        format_print(text, sizeof text, "\x1b[%um", console->colour);
        put_text(screen, text);
    }
    format_print(text, sizeof text, "[%.*s%s]%s ", (int)console->name_bytes, console->name, mark,
                 coloured ? colours_off : "");
    put_text(screen, text);
}

static void put_harmless(struct mux_screen *screen, const struct mux_console *console, uint64_t position,
                         uint64_t end)
{
    struct mux_filter filter = {0};
    uint8_t bytes[MUX_FILTER_OUT_BYTES];
    for (; position < end; position++) {
        size_t count = mux_filter_byte(&filter, mux_console_byte(console, position), bytes);
        put(screen, bytes, count);
    }
    if (mux_filter_end_line(&filter)) {
        put_text(screen, colours_off);
    }
}

void mux_screen_line(struct mux_screen *screen, const struct mux_console *console, uint64_t position,
                     uint32_t count, const char *mark)
{
    put_name(screen, console, mark);
    put_harmless(screen, console, position, position + count);
    put_text(screen, "\r\n");
}

void mux_screen_report_drops(struct mux_screen *screen, struct mux_console *console)
{
    char text[BYTE_ROOM_BYTES];
    format_print(text, sizeof text, "-- %llu bytes not shown --\r\n",
                 (unsigned long long)(console->dropped - console->reported));
    console->reported = console->dropped;
    put_name(screen, console, "");
    put_text(screen, text);
}

static void start_line(struct mux_screen *screen, struct mux_console *console)
{
    if (console->at_line_start) {
        put_name(screen, console, "");
        console->at_line_start = false;
    }
}

static void live_byte(struct mux_screen *screen, struct mux_console *console, uint8_t byte)
{
    if (console->carriage_return && byte != '\n' && byte != '\r') {
        put_text(screen, "\r"); /* the line is written again from its start, which is behind the name */
        console->at_line_start = true;
        console->line_start = console->shown;
    }
    console->carriage_return = byte == '\r';
    if (byte == '\r') {
        return;
    }
    start_line(screen, console);
    if (byte == '\n') {
        put_text(screen, "\r\n");
        console->at_line_start = true;
        console->line_start = console->shown + 1;
        return;
    }
    if (console->shown < console->stale_until) {
        uint8_t bytes[MUX_FILTER_OUT_BYTES];
        put(screen, bytes, mux_filter_byte(&console->filter, byte, bytes));
    } else {
        put(screen, &byte, 1);
        mux_vt_byte(&console->vt, byte);
    }
}

bool mux_screen_live(struct mux_screen *screen, struct mux_console *console)
{
    uint32_t count = 0;
    for (; count < MUX_SCREEN_TURN_BYTES && console->shown < console->written; count++) {
        if (room(screen) < BYTE_ROOM_BYTES) {
            break;
        }
        uint8_t byte = mux_console_byte(console, console->shown);
        if (mux_vt_is_full_screen(&console->vt)) {
            put(screen, &byte, 1);
            mux_vt_byte(&console->vt, byte);
            console->line_start = console->shown + 1;
        } else {
            live_byte(screen, console, byte);
        }
        console->shown++;
    }
    return count > 0;
}

/* Cells that the bytes [position, end) take on the screen: characters, not sequences; tabs go to the next eighth. */
static uint32_t cells_of(const struct mux_console *console, uint64_t position, uint64_t end, uint32_t cells)
{
    struct mux_filter filter = {0};
    uint8_t bytes[MUX_FILTER_OUT_BYTES];

    for (; position < end; position++) {
        const size_t count = mux_filter_byte(&filter, mux_console_byte(console, position), bytes);

        if (count == 1 && bytes[0] == '\t') {
            cells = (cells / 8 + 1) * 8;
        } else if (count > 0 && bytes[0] != 0x1b) {
            cells++; /* a character, of whatever length; those of two cells are counted as one */
        }
    }
    return cells;
}

/* Rows above the cursor's that the unfinished line takes. */
static uint32_t rows_above(const struct mux_screen *screen, const struct mux_console *console)
{
    const uint32_t name = console->named ? console->name_bytes + 3 : 0;
    const uint64_t oldest = mux_console_oldest(console);
    uint64_t from = console->line_start > oldest ? console->line_start : oldest;

    if (screen->cols == 0) {
        return 0;
    }
    if (console->shown - from > MUX_CONSOLE_LINE_BYTES) {
        from = console->shown - MUX_CONSOLE_LINE_BYTES;
    }
    const uint32_t cells = cells_of(console, from, console->shown, name);

    return cells == 0 ? 0 : (cells - 1) / screen->cols;
}

void mux_screen_erase(struct mux_screen *screen, struct mux_console *console)
{
    if (!console->at_line_start && !console->erased) {
        const uint32_t rows = rows_above(screen, console);
        char text[BYTE_ROOM_BYTES];

        format_print(text, sizeof(text), rows == 0 ? "\x1b[0m\r\x1b[K" : "\x1b[0m\r\x1b[%uA\x1b[J", rows);
        put_text(screen, text);
        console->erased = true;
    }
}

void mux_screen_redraw(struct mux_screen *screen, struct mux_console *console)
{
    if (!console->erased) {
        return;
    }
    uint64_t from = console->line_start;
    if (console->shown - from > MUX_CONSOLE_LINE_BYTES) {
        from = console->shown - MUX_CONSOLE_LINE_BYTES;
    }
    if (from < mux_console_oldest(console)) {
        from = mux_console_oldest(console);
    }
    put_name(screen, console, "");
    /* A sequence that was broken off has to begin again for its rest to make sense. */
    uint64_t pending = console->shown - mux_vt_pending(&console->vt);
    if (pending < from) {
        pending = from;
    }
    put_harmless(screen, console, from, pending);
    for (; pending < console->shown; pending++) {
        uint8_t byte = mux_console_byte(console, pending);
        put(screen, &byte, 1);
    }
    console->erased = false;
}

void mux_screen_enter(struct mux_console *console)
{
    console->stale_until = console->written;
    console->filter = (struct mux_filter){0};
    console->line_start = console->shown;
}

void mux_screen_leave(struct mux_screen *screen, struct mux_console *console)
{
    bool full_screen = mux_vt_is_full_screen(&console->vt);
    if (console->vt.alternate) {
        put_text(screen, "\x1b[?1049l");
    }
    if (full_screen) {
        put_text(screen, "\x1b[?25h\x1b[0m\r\n"); /* cursor on: nobody else will switch it on again */
        console->at_line_start = true;
    }
    mux_screen_erase(screen, console);
    /* Its unfinished line is shown as a whole once it is finished, or when the focus comes back. */
    if (!full_screen && console->line_start >= mux_console_oldest(console) &&
        console->line_start < console->shown) {
        console->shown = console->line_start;
    }
    console->vt = (struct mux_vt){0};
    console->at_line_start = true;
    console->carriage_return = false;
    console->erased = false;
    console->line_start = console->shown;
}
