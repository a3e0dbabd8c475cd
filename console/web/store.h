/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What the server knows of a system: output of its consoles, states of its guests, what `causeway top` counts, and what has
 * happened. No system calls: bytes and times come from the caller. They come from the target and are not trusted: what is
 * made of them for a browser is printable ASCII, and bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "console/listing.h"
#include "console/top_sample.h"

#define STORE_CONSOLES (LINE_MAX_CONSOLES + 1u) /**< and the log */
#define STORE_SCROLL_BYTES 0x10000u
#define STORE_GUESTS LINE_MAX_CONSOLES
#define STORE_EVENTS 256u
#define STORE_EVENT_BYTES 200u
#define STORE_STATE_BYTES 16u

/** A console. */
struct store_console {
    char name[CONFIG_NAME_BYTES + 1];
    uint32_t head; /**< bytes of output so far; the last STORE_SCROLL_BYTES of them are in `text` */
    uint8_t text[STORE_SCROLL_BYTES];
};

/** A guest that the description lets a user control. */
struct store_guest {
    char name[CONFIG_NAME_BYTES + 1];
    char state[STORE_STATE_BYTES]; /**< as its VMM says; "": not known yet */
    bool is_busy;                  /**< a command is under way */
};

/** How much an event matters. */
enum store_level { STORE_INFO = 0, STORE_WARNING, STORE_ERROR };

/** Something that has happened. */
struct store_event {
    uint64_t unix_ms;
    enum store_level level;
    char text[STORE_EVENT_BYTES];
};

/** All of it. Set up with store_init(). Large. */
struct store {
    char title[LISTING_TITLE_BYTES];
    bool is_read_only;
    bool has_top;
    bool has_ended;
    uint32_t console_count;
    struct store_console consoles[STORE_CONSOLES]; /**< the last one is the log */
    uint32_t guest_count;
    struct store_guest guests[STORE_GUESTS];
    uint32_t version; /**< another value: something of the above has changed, apart from output */
    struct top_reader reader;
    struct top_sample last;
    bool has_last;
    char *top; /**< the last answer of `causeway top` as JSON; NULL: none yet */
    uint32_t top_number;
    uint32_t event_count; /**< so far; the last STORE_EVENTS of them are kept */
    struct store_event events[STORE_EVENTS];
    char line[STORE_EVENT_BYTES]; /**< of the log, under way */
    uint32_t line_bytes;
};

/** Take what there is from `listing`. */
void store_init(struct store *store, const struct listing *listing, bool is_read_only);

/** Free what it has. */
void store_free(struct store *store);

/** Output of a console has come. Lines of the log are events, too. */
void store_output(struct store *store, uint32_t console, const uint8_t *bytes, uint32_t count,
                  uint64_t unix_ms);

/** Position of the oldest byte of a console that is kept. */
uint32_t store_oldest(const struct store_console *console);

/** What the stats PD has said. */
void store_counted(struct store *store, const char *bytes, size_t count);

/** A command to a guest has been sent ("state" is one, too). */
void store_asked(struct store *store, uint32_t guest, const char *verb);

/** Its VMM's answer, a line; NULL: there was none. */
void store_answered(struct store *store, uint32_t guest, const char *verb, const char *answer,
                    uint64_t unix_ms);

/** The system is gone. */
void store_end(struct store *store, uint64_t unix_ms);

/** Something has happened. */
__attribute__((format(printf, 4, 5))) void store_event(struct store *store, enum store_level level,
                                                       uint64_t unix_ms, const char *format, ...);

/** What there is, as JSON. */
void store_put_system(const struct store *store, FILE *out);

/** An event that is kept, as JSON. */
void store_put_event(const struct store *store, uint32_t number, FILE *out);
