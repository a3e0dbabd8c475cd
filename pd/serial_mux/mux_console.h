/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * One console's output: the last bytes of it (scrollback), and how far it has been shown.
 *
 * Positions count bytes since the start and never wrap; byte n is in the buffer while
 * written - n <= capacity. What is below `shown` was shown, dropped or not wanted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/ring/ring.h"
#include "pd/serial_mux/mux_filter.h"
#include "pd/serial_mux/mux_vt.h"

/** Scrollback of a console, unless there are too many consoles. */
#define MUX_CONSOLE_SCROLLBACK_BYTES 0x10000u
/** Longest piece shown in one go: a longer line of a console in the background is broken. */
#define MUX_CONSOLE_LINE_BYTES 512u

/** What becomes of output that the terminal is too slow for. */
enum mux_console_overflow {
    MUX_CONSOLE_BLOCK = 0, /**< the sender waits: nothing is lost */
    MUX_CONSOLE_DROP       /**< the oldest bytes are not shown; they are counted */
};

/** A console. Set up with mux_console_init(). */
struct mux_console {
    const char *name; /**< `name_bytes` long, not terminated */
    uint32_t name_bytes;
    uint32_t colour; /**< SGR code, 0: none */
    enum mux_console_overflow overflow;
    bool named;      /**< its name stands in front of its lines */
    bool silent;     /**< not shown unless focused */
    bool is_channel; /**< for a tool: no part of the plain terminal */
    uint32_t tool;   /**< the connection of the tool at the channel, SERIAL_MUX_OFFER_NO_TOOL: none */

    bool has_link;
    struct ring link;

    uint8_t *text; /**< `capacity` bytes, a power of two */
    uint32_t capacity;
    uint64_t written;
    uint64_t shown;
    uint64_t dropped;  /**< bytes never shown */
    uint64_t reported; /**< of these, how many the user was told of */
    uint64_t input;    /**< bytes typed into it */

    /* While it has the focus. */
    struct mux_vt vt;
    uint64_t line_start;  /**< of the line that is on the screen */
    bool at_line_start;   /**< nothing of the present line is on the screen */
    bool carriage_return; /**< the last byte was a CR: what it means depends on the next */
    bool erased;          /**< its unfinished line made room for others' */
    uint64_t stale_until; /**< what is below is older than the focus: shown, but made harmless */
    struct mux_filter filter;
};

/** Set up without a link. `text` (capacity bytes, a power of two) is used from then on. */
void mux_console_init(struct mux_console *console, const char *name, uint32_t name_bytes, uint8_t *text,
                      uint32_t capacity);

/** Add bytes to the scrollback; what was not shown and does not fit any more is dropped and counted. */
void mux_console_append(struct mux_console *console, const void *bytes, uint32_t count);

/**
 * Take what has come over the link, `limit` bytes at most. With `may_drop` old bytes that were not shown make
 * room, else only as much is taken as there is room. Returns the number of bytes taken.
 */
uint32_t mux_console_take(struct mux_console *console, uint32_t limit, bool may_drop);

/** Byte `position`, which has to be in the buffer. */
uint8_t mux_console_byte(const struct mux_console *console, uint64_t position);

/** The oldest position still in the buffer. */
uint64_t mux_console_oldest(const struct mux_console *console);

/**
 * The next whole line at `position`: its length with the newline, or MUX_CONSOLE_LINE_BYTES of a longer one;
 * 0: not complete yet.
 */
uint32_t mux_console_line(const struct mux_console *console, uint64_t position);
