/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The framed mode: a program on the host (`causeway console`) has a terminal for each console, and takes the
 * serial line apart by frames (lib/serial_frame). Only the input side switches it on and off.
 *
 * Output: each console's bytes go as they are, in turns of one frame, as far as the host has given credit for
 * this console. First comes what is in its scrollback, then what is new. Input: the host has credit for what
 * there is room for in a console's link, so a console that takes none holds up nobody else's input.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/serial_config.h"
#include "lib/serial_frame/serial_frame.h"

/** Consoles of a session: all clients, and the kernel's log. */
#define MUX_FRAMES_CONSOLES (SERIAL_MUX_MAX_CLIENTS + 1u)

/** A console's flow in a session. 32-bit values are as they are in frames. */
struct mux_frames_flow {
    uint64_t at;      /**< the next byte of the console's output to send */
    uint64_t history; /**< what is below was shown before this session */
    uint32_t told;    /**< position behind the last frame sent */
    uint32_t limit;   /**< the host takes bytes up to here */
    uint32_t input;   /**< position in the input, what was lost included */
    uint32_t granted; /**< limit that the host was told */
    bool tool_due;    /**< the host waits to hear its channel's connection */
};

/** The framed mode of a multiplexer. Zero-initialised: off. */
struct mux_frames {
    bool on;
    uint64_t nonce;
    struct serial_frame_decoder decoder;
    uint32_t greeting; /**< of HELLO and the CONSOLE frames, which is next */
    bool pong;         /**< a PING wants its answer */
    uint32_t pong_value;
    uint32_t next; /**< whose turn it is */
    uint64_t damaged;
    struct mux_frames_flow flows[MUX_FRAMES_CONSOLES];
};

struct serial_mux;

/** The host began a session, or another one. */
void mux_frames_start(struct serial_mux *mux, uint64_t nonce);

/** Back to the plain terminal. */
void mux_frames_stop(struct serial_mux *mux);

/** A byte of input that is part of a frame. */
void mux_frames_input(struct serial_mux *mux, uint8_t byte);

/** Send a frame of each console that has something to send. Returns whether anything was sent. */
bool mux_frames_show(struct serial_mux *mux);

/** Ask consoles for a notification when there is room for more input. True: there is already. */
bool mux_frames_request(struct serial_mux *mux);
