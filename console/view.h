/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * All consoles on one terminal, as the multiplexer shows them on a bare line, with its keys: the multiplexer's own logic
 * (pd/serial_mux), run on the host behind the framed line. So other commands can talk to the system beside it, and as
 * the terminal's width is known here, an unfinished line that is wrapped is taken off the screen as a whole.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "console/line.h"
#include "pd/serial_mux/serial_mux.h"

/** Of a link: what the line may send of a console before it is acknowledged fits in. */
#define VIEW_REGION_BYTES (2u * LINE_WINDOW_BYTES + 0x1000u)
#define VIEW_INPUT_BYTES 256u

/** A console in it. */
struct view_console {
    uint32_t index; /**< at the line */
    struct ring ring;
    uint8_t input[VIEW_INPUT_BYTES]; /**< typed, and not yet taken by the line */
    uint32_t input_first;
    uint32_t input_end;
    _Alignas(64) uint8_t regions[2][VIEW_REGION_BYTES];
};

/** The view. Large: make it static. Set up with view_open(). */
struct view {
    struct serial_mux_config config;
    struct serial_mux mux;
    struct sysdesc_klog log;
    struct ring terminal;
    uint32_t count;
    struct view_console consoles[SERIAL_MUX_MAX_CLIENTS];
    _Alignas(64) uint8_t terminal_regions[2][VIEW_REGION_BYTES];
};

/** Show the line's consoles; channels and ports are none. False: the multiplexer refuses. */
bool view_open(struct view *view, const struct line *line, uint8_t escape);

/** How wide the terminal is; 0: not known. */
void view_resize(struct view *view, uint32_t cols);

/** Output of a console has come, no more than LINE_WINDOW_BYTES since view_pending() was 0. */
void view_put(struct view *view, uint32_t index, const uint8_t *bytes, uint32_t count);

/** Bytes of a console that have not been taken for showing. */
uint32_t view_pending(struct view *view, uint32_t index);

/** The kernel has logged. */
void view_log(struct view *view, const uint8_t *bytes, uint32_t count);

/** The user types; returns how many bytes were taken. */
uint32_t view_type(struct view *view, const uint8_t *bytes, uint32_t count);

/** Go on: what was typed goes to the line. */
void view_serve(struct view *view, struct line *line);

/** What goes to the terminal, up to `limit` bytes; returns how many. */
uint32_t view_take(struct view *view, uint8_t *bytes, uint32_t limit);
