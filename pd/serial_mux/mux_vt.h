/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Watches the output of the console that owns the terminal for signs of a full-screen program.
 *
 * While one runs, the terminal is its alone: no names in front of lines, no lines of others. The alternate
 * screen (vi, less) is such a sign until it is left; placing the cursor (top) is one until the user presses
 * Enter. One "home and clear" is no sign, as `clear` does that, nor are coordinates beyond any screen, with
 * which `resize` asks for its size.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MUX_VT_MAX_PARAMETERS 8u

/** State between bytes. Zero-initialised. */
struct mux_vt {
    uint8_t state;
    uint8_t pending;  /**< bytes of an unfinished sequence or character */
    uint8_t expected; /**< continuation bytes that the character still needs */
    bool is_private;  /**< CSI ? ... */
    uint8_t parameter_count;
    uint16_t parameters[MUX_VT_MAX_PARAMETERS];
    bool alternate; /**< the alternate screen is on */
    bool placed;    /**< the cursor was placed since the last Enter */
    uint8_t homes;  /**< times it was sent home since then */
};

/** Feed one byte of output. */
void mux_vt_byte(struct mux_vt *vt, uint8_t byte);

/** How many of the last bytes are an unfinished sequence or character, which must not be torn apart. */
uint32_t mux_vt_pending(const struct mux_vt *vt);

/** The user pressed Enter. */
void mux_vt_enter(struct mux_vt *vt);

/** Whether a full-screen program seems to run. */
bool mux_vt_is_full_screen(const struct mux_vt *vt);
