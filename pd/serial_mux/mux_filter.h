/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Makes a guest's output harmless for a terminal that it shares with others.
 *
 * Passes printable ASCII, tabs, well-formed UTF-8 and colours (CSI ... m). Everything else goes: control
 * characters, cursor movement, titles, and above all queries such as CSI 6n, whose answer the terminal would
 * type into somebody else's console.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Most bytes that one byte of input can set free. */
#define MUX_FILTER_OUT_BYTES 24u

/** State between bytes. Zero-initialised: at the start of a line. */
struct mux_filter {
    uint8_t state;
    uint8_t kept[MUX_FILTER_OUT_BYTES]; /**< an unfinished sequence */
    uint8_t kept_count;
    uint8_t expected; /**< continuation bytes of the character under way */
    bool refused;     /**< the sequence under way will not be passed */
    bool coloured;    /**< a colour was passed since the last reset */
};

/** Feed one byte; returns how many bytes of `out` to show for it. */
size_t mux_filter_byte(struct mux_filter *filter, uint8_t byte, uint8_t out[MUX_FILTER_OUT_BYTES]);

/** The line is over: forget an unfinished sequence. Returns true if colours have to be switched off. */
bool mux_filter_end_line(struct mux_filter *filter);
