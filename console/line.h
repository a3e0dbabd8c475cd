/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The host's end of the serial line: calls the multiplexer, and takes the line apart into consoles. No system
 * calls: bytes and times come from the caller, bytes for the line wait in `tx` for it. The protocol is that
 * of lib/serial_frame/serial_frame.h.
 *
 * The multiplexer is called every LINE_CALL_MS until it answers, which it does once the system has booted.
 * What is no frame is the kernel's, firmware's or seL4's own output, or that of a multiplexer that has been
 * restarted and serves a plain terminal again. As the input would go to the wrong console then, it is held
 * back until a PING is answered, and without an answer the multiplexer is called again. Every LINE_PING_MS
 * there is a PING in any case: its answer comes with positions and limits, which makes good what noise has
 * taken of them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config/serial_config.h"
#include "lib/serial_frame/serial_frame.h"

#define LINE_MAX_CONSOLES (SERIAL_MUX_MAX_CLIENTS + 1u)
/** Output of a console that the multiplexer may send before the caller has taken it (line_consumed()). */
#define LINE_WINDOW_BYTES 0x8000u
#define LINE_TX_BYTES 0x2000u
#define LINE_CALL_MS 500u
#define LINE_PONG_MS 5000u
#define LINE_PING_MS 10000u

/** What a console's output is. */
enum line_output {
    LINE_OUTPUT_NEW = 0,
    LINE_OUTPUT_HISTORY /**< was on a terminal before: what it asked the terminal is not to be asked again */
};

/** What comes from the line. `context` is the caller's. */
struct line_ops {
    /** A session has begun: line->consoles are known. Perhaps not the first session. */
    void (*greeted)(void *context);
    /** Output of a console. The caller holds up to LINE_WINDOW_BYTES of it, and says line_consumed(). */
    void (*output)(void *context, uint32_t console, enum line_output kind, const uint8_t *bytes,
                   uint32_t count);
    /** So many bytes were dropped by the multiplexer, or lost on the line. */
    void (*lost)(void *context, uint32_t console, uint32_t count);
    /** Bytes of the line that are of no console. */
    void (*plain)(void *context, const uint8_t *bytes, uint32_t count);
};

/** A console. */
struct line_console {
    char name[CONFIG_NAME_BYTES + 1]; /**< letters, digits, `_`, `-`, `.`; the first is no `.` */
    uint32_t flags;                   /**< enum serial_frame_console_flags */
    uint8_t colour;
    uint32_t received; /**< position of its next byte of output */
    uint32_t history;
    uint32_t consumed;
    uint32_t granted;
    uint32_t sent; /**< position of the next byte of input */
    uint32_t limit;
    uint32_t size; /**< columns | rows << 16 of its terminal, 0: not known; of a channel: its connection */
    bool size_due;
    bool position_due; /**< the multiplexer must be told `sent` */
    uint32_t tool;     /**< of a channel: the connection that the multiplexer has said back */
};

/** Whether the multiplexer can be spoken with. */
enum line_state {
    LINE_CALLING = 0, /**< there is no answer yet */
    LINE_GREETING,    /**< it says which consoles there are */
    LINE_OPEN,
    LINE_DOUBTFUL /**< there was plain text: input is held back until it answers */
};

/** The line. Set up with line_init(). */
struct line {
    const struct line_ops *ops;
    void *context;
    uint8_t escape;
    enum line_state state;
    struct serial_frame_decoder decoder; /**< of the session */
    struct serial_frame_decoder caller;  /**< of the one that is called for */
    bool has_session;
    uint64_t nonce;
    uint64_t call_nonce;
    uint64_t deadline_ms; /**< of the state */
    uint32_t greeted;     /**< consoles known so far */
    uint32_t console_count;
    struct line_console consoles[LINE_MAX_CONSOLES];
    uint32_t ping; /**< the last one's value */
    bool ping_due; /**< it has to be sent */
    bool waits_for_pong;
    uint64_t damaged; /**< frames */
    uint8_t tx[LINE_TX_BYTES];
    uint32_t tx_used;
};

/** Begin to call. `escape` is the multiplexer's escape byte, `nonce` is random. Call line_pump() next. */
void line_init(struct line *line, const struct line_ops *ops, void *context, uint8_t escape, uint64_t nonce);

/** Bytes have come. */
void line_feed(struct line *line, const uint8_t *bytes, size_t count);

/**
 * Say what is due, as far as there is room in `tx`. `now_ms` is any steady clock, `nonce` a new random
 * number. Returns in how many milliseconds to call again even if nothing happens.
 */
int line_pump(struct line *line, uint64_t now_ms, uint64_t nonce);

/** The first `count` bytes of tx have been written. */
void line_sent(struct line *line, uint32_t count);

/** Input for a console; returns how many bytes of it were taken. */
uint32_t line_write(struct line *line, uint32_t console, const uint8_t *bytes, uint32_t count);

/** Whether line_write() would take anything. */
bool line_can_write(const struct line *line, uint32_t console);

/** `count` bytes of a console's output need no more room. */
void line_consumed(struct line *line, uint32_t console, uint32_t count);

/** The size of a console's terminal. */
void line_resize(struct line *line, uint32_t console, uint16_t cols, uint16_t rows);

/**
 * Another tool is at a channel, `connection` is its number; LINE_NO_TOOL: none is. What was for the last one is
 * not given out any more.
 */
void line_set_tool(struct line *line, uint32_t console, uint32_t connection);
#define LINE_NO_TOOL SERIAL_MUX_OFFER_NO_TOOL

/** Give the line back to plain terminals. Only `tx` is left to be written. */
void line_leave(struct line *line);
