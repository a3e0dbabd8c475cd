/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A tab of the browser: what it has been told so far. Nothing waits for it in a queue: what it is told next is found by
 * comparing what it knows with what there is (store.h), so that one that takes nothing costs nothing, and finds the
 * present when it looks again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/web/store.h"
#include "pd/serial_mux/mux_filter.h"

#define SESSION_FRAME_BYTES 16384u

/** A console as a tab shows it. */
struct session_console {
    bool is_open;
    bool reset_due; /**< it must be told that all of it comes again */
    bool done_due;  /**< it must be told that what it typed has been passed on */
    bool waits;     /**< for that, until it is so */
    uint32_t tail;  /**< position of the next byte */
    uint32_t live;  /**< what was before is history, and made harmless */
    struct mux_filter filter;
};

/** A tab. Set up with session_init(). */
struct session {
    uint32_t version;    /**< of what it knows */
    uint32_t top_number; /**< of the last answer that it knows */
    uint32_t event;      /**< number of the next one */
    uint32_t turn;       /**< whose turn it is: a console, or what else there is */
    struct session_console consoles[STORE_CONSOLES];
};

/** A message to it. */
struct session_frame {
    bool is_text;
    size_t count;
    const uint8_t *bytes; /**< `binary`, or `text` */
    uint8_t binary[SESSION_FRAME_BYTES];
    char *text; /**< on the heap; NULL: none */
};

/** A tab has been opened: it knows nothing yet. */
void session_init(struct session *session, const struct store *store);

/** It shows a console from now on. */
void session_open(struct session *session, const struct store *store, uint32_t console);

/** Whether there is something to be told. */
bool session_is_due(const struct session *session, const struct store *store);

/** The next message, with session_frame_free() behind it. False: there is none. */
bool session_next(struct session *session, const struct store *store, struct session_frame *frame);

/** Free what it has. */
void session_frame_free(struct session_frame *frame);
