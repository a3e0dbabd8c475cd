/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The multiplexer's own keys: what the user types behind the escape byte.
 *
 *     N            input to console N (two digits, or Enter, if there are ten or more)
 *     g NAME Enter input to console NAME
 *     n p          input to the next, previous console
 *     s b          silence or show, last output of: then N, NAME Enter, or Enter for the focused one
 *     l c ?        list, colours, help
 *     escape       the escape byte itself
 *
 * and what a program on the host sends to begin a session (lib/serial_frame/serial_frame.h). Its keys come
 * one by one, each behind an escape byte: should the first byte of all be lost, none but the second is typed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define MUX_KEYS_NAME_BYTES 32u

/** What to do. */
enum mux_action {
    MUX_ACTION_NONE = 0, /**< nothing yet, or cancelled */
    MUX_ACTION_INPUT,    /**< the byte is input for the focused console */
    MUX_ACTION_FOCUS,
    MUX_ACTION_NEXT,
    MUX_ACTION_PREVIOUS,
    MUX_ACTION_SILENCE,
    MUX_ACTION_BACKLOG,
    MUX_ACTION_LIST,
    MUX_ACTION_COLOURS,
    MUX_ACTION_HELP,
    MUX_ACTION_FRAMES /**< begin the session `nonce` */
};

/** Which console. */
enum mux_target { MUX_TARGET_FOCUSED = 0, MUX_TARGET_NUMBER, MUX_TARGET_NAME };

/** A finished command. */
struct mux_command {
    enum mux_action action;
    enum mux_target target;
    uint32_t number;  /**< as typed */
    const char *name; /**< NUL-terminated, valid until the next byte */
    uint64_t nonce;
    bool again; /**< the byte ended the command but does not belong to it: feed it again */
};

/** State between bytes. Zero-initialise, then set escape and count. */
struct mux_keys {
    uint8_t escape;
    uint32_t count; /**< of consoles: decides whether a digit can be the first of two */
    uint8_t state;
    enum mux_action action; /**< under way */
    uint32_t number;
    uint32_t name_bytes;
    char name[MUX_KEYS_NAME_BYTES];
    uint32_t nonce_digits; /**< of the nonce, still to come; 0: none is expected */
    uint64_t nonce;
};

/** Feed one byte of input. */
struct mux_command mux_keys_byte(struct mux_keys *keys, uint8_t byte);

/** Whether the next byte belongs to a command. */
bool mux_keys_is_busy(const struct mux_keys *keys);
