/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/mux_console.h"

#include "lib/base/mem.h"

void mux_console_init(struct mux_console *console, const char *name, uint32_t name_bytes, uint8_t *text,
                      uint32_t capacity)
{
    *console = (struct mux_console){
        .name = name, .name_bytes = name_bytes, .text = text, .capacity = capacity, .at_line_start = true};
}

uint8_t mux_console_byte(const struct mux_console *console, uint64_t position)
{
    return console->text[position & (console->capacity - 1)];
}

uint64_t mux_console_oldest(const struct mux_console *console)
{
    return console->written > console->capacity ? console->written - console->capacity : 0;
}

/* After an overflow: go on behind the next newline, so that no half line is shown. */
static void drop_overwritten(struct mux_console *console)
{
    uint64_t oldest = mux_console_oldest(console);
    if (console->shown >= oldest) {
        return;
    }
    uint64_t next = oldest;
    while (next < console->written && next - oldest < MUX_CONSOLE_LINE_BYTES &&
           mux_console_byte(console, next) != '\n') {
        next++;
    }
    next = next < console->written && mux_console_byte(console, next) == '\n' ? next + 1 : oldest;
    console->dropped += next - console->shown;
    console->shown = next;
}

/* Contiguous space at the write position. */
static uint32_t space_to_end(const struct mux_console *console)
{
    return console->capacity - (uint32_t)(console->written & (console->capacity - 1));
}

static uint8_t *write_place(struct mux_console *console)
{
    return &console->text[console->written & (console->capacity - 1)];
}

void mux_console_append(struct mux_console *console, const void *bytes, uint32_t count)
{
    const uint8_t *from = bytes;
    while (count > 0) {
        uint32_t part = count < space_to_end(console) ? count : space_to_end(console);
        memcpy(write_place(console), from, part);
        console->written += part;
        from += part;
        count -= part;
    }
    drop_overwritten(console);
}

uint32_t mux_console_take(struct mux_console *console, uint32_t limit, bool may_drop)
{
    uint32_t taken = 0;
    while (console->has_link && taken < limit) {
        uint32_t room = limit - taken;
        uint64_t unshown = console->written - console->shown;
        if (!may_drop && room > console->capacity - unshown) {
            room = (uint32_t)(console->capacity - unshown);
        }
        if (room > space_to_end(console)) {
            room = space_to_end(console);
        }
        uint32_t count = room > 0 ? ring_read(&console->link, write_place(console), room) : 0;
        if (count == 0) {
            break;
        }
        console->written += count;
        taken += count;
        drop_overwritten(console);
    }
    return taken;
}

uint32_t mux_console_line(const struct mux_console *console, uint64_t position)
{
    uint64_t available = console->written - position;
    uint32_t limit = available < MUX_CONSOLE_LINE_BYTES ? (uint32_t)available : MUX_CONSOLE_LINE_BYTES;
    for (uint32_t i = 0; i < limit; i++) {
        if (mux_console_byte(console, position + i) == '\n') {
            return i + 1;
        }
    }
    return limit == MUX_CONSOLE_LINE_BYTES ? limit : 0;
}
