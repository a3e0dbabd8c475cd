/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What goes to the terminal: lines of several consoles, one of which (the focused one) may have an unfinished
 * line on the screen. When another console's line comes in between, the unfinished line is erased
 * (CR, CSI K) and drawn again below. The terminal's own line is only ever ended by CR LF, so a program that
 * reads this stream can take a CR without LF as "what follows replaces this line".
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/serial_mux/mux_console.h"

#define MUX_SCREEN_BYTES 4096u
/** Room that each function below needs. */
#define MUX_SCREEN_ROOM_BYTES 1024u
/** Most bytes of the focused console shown in one turn. */
#define MUX_SCREEN_TURN_BYTES 512u

/** Output on its way to the driver. */
struct mux_screen {
    uint8_t out[MUX_SCREEN_BYTES];
    uint32_t used;
    bool colours;
    uint32_t
        cols; /**< of the terminal, 0: not known, and then an unfinished line is taken for one that fits */
};

/** Whether there is room for another call of any function below. */
bool mux_screen_has_room(const struct mux_screen *screen);

/** Add bytes as they are, for a reader that is no terminal. No more than MUX_SCREEN_ROOM_BYTES. */
void mux_screen_put(struct mux_screen *screen, const void *bytes, uint32_t count);

/** Drop the first `count` bytes: they have been sent. */
void mux_screen_sent(struct mux_screen *screen, uint32_t count);

/**
 * Show `count` bytes (a line with its newline, or a piece of one) of a console from `position` as a line of
 * its own, made harmless. `mark` follows the name, e.g. ".log"; "" for none.
 */
void mux_screen_line(struct mux_screen *screen, const struct mux_console *console, uint64_t position,
                     uint32_t count, const char *mark);

/** Tell about bytes of `console` that were dropped since this was last told. */
void mux_screen_report_drops(struct mux_screen *screen, struct mux_console *console);

/** Show what is new of the focused console, up to MUX_SCREEN_TURN_BYTES, as it is. False: nothing was. */
bool mux_screen_live(struct mux_screen *screen, struct mux_console *console);

/** Take the focused console's unfinished line off the screen, to make room for others. */
void mux_screen_erase(struct mux_screen *screen, struct mux_console *console);

/** Put it back. */
void mux_screen_redraw(struct mux_screen *screen, struct mux_console *console);

/** `console` gets the focus: what it has written so far is shown, but does not reach the terminal's controls.
 */
void mux_screen_enter(struct mux_console *console);

/** `console` loses the focus: leave the terminal in order, and its unfinished line for later. */
void mux_screen_leave(struct mux_screen *screen, struct mux_console *console);
