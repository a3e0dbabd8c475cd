/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/history.h"
#include "console/web/message.h"

/* What of the past a new tab is told. */
#define PAST_EVENTS 100u
/* Turns: one for everything that is text, one for each console. */
#define TEXT_TURN 0u

void session_init(struct session *session, const struct store *store)
{
    memset(session, 0, sizeof(*session));
    session->event = store->event_count > PAST_EVENTS ? store->event_count - PAST_EVENTS : 0;
}

void session_open(struct session *session, const struct store *store, uint32_t console)
{
    session->consoles[console] = (struct session_console){.is_open = true,
                                                          .reset_due = true,
                                                          .waits = session->consoles[console].waits,
                                                          .done_due = session->consoles[console].done_due,
                                                          .tail = store_oldest(&store->consoles[console]),
                                                          .live = store->consoles[console].head};
}

static bool has_output(const struct session *session, const struct store *store, uint32_t console)
{
    return session->consoles[console].is_open &&
           session->consoles[console].tail != store->consoles[console].head;
}

static bool has_text(const struct session *session, const struct store *store)
{
    return session->version != store->version || session->top_number != store->top_number ||
           session->event != store->event_count;
}

bool session_is_due(const struct session *session, const struct store *store)
{
    for (uint32_t i = 0; i < store->console_count; i++) {
        if (session->consoles[i].reset_due || session->consoles[i].done_due ||
            has_output(session, store, i)) {
            return true;
        }
    }
    return has_text(session, store);
}

/* Text. */

static bool put_event(struct session *session, const struct store *store, FILE *out)
{
    if (store->event_count - session->event > STORE_EVENTS) {
        session->event = store->event_count - STORE_EVENTS;
    }
    store_put_event(store, session->event++, out);
    return true;
}

static bool put_text(struct session *session, const struct store *store, FILE *out)
{
    if (session->version != store->version) {
        session->version = store->version;
        store_put_system(store, out);
    } else if (session->event != store->event_count) {
        return put_event(session, store, out);
    } else {
        session->top_number = store->top_number;
        fputs(store->top, out);
    }
    return true;
}

static bool next_text(struct session *session, const struct store *store, struct session_frame *frame)
{
    if (!has_text(session, store)) {
        return false;
    }
    FILE *out = open_memstream(&frame->text, &frame->count);

    if (out == NULL) {
        return false;
    }
    const bool is_good = put_text(session, store, out);

    frame->is_text = true;
    if (fclose(out) != 0 || !is_good) {
        return false;
    }
    frame->bytes = (const uint8_t *)frame->text;
    return true;
}

/* Consoles. */

static void say(struct session_frame *frame, enum message_kind kind, uint32_t console)
{
    frame->binary[0] = (uint8_t)kind;
    frame->binary[1] = (uint8_t)console;
    frame->bytes = frame->binary;
    frame->count = MESSAGE_HEAD_BYTES;
}

/* What was overwritten before the tab took it. */
static void say_lost(struct session_console *shown, const struct store_console *console,
                     struct session_frame *frame)
{
    const uint32_t lost = console->head - STORE_SCROLL_BYTES - shown->tail;

    shown->tail += lost;
    frame->count +=
        (size_t)snprintf((char *)frame->binary + frame->count, 64, "\r\n-- %u bytes not shown --\r\n", lost);
}

static void say_output(struct session_console *shown, const struct store_console *console,
                       struct session_frame *frame)
{
    if (console->head - shown->tail > STORE_SCROLL_BYTES) {
        say_lost(shown, console, frame);
    }
    while (shown->tail != console->head && frame->count + HISTORY_OUT_BYTES <= sizeof(frame->binary)) {
        const uint8_t byte = console->text[shown->tail % STORE_SCROLL_BYTES];

        if ((int32_t)(shown->live - shown->tail) > 0) {
            frame->count += history_byte(&shown->filter, byte, frame->binary + frame->count);
        } else {
            frame->binary[frame->count++] = byte;
        }
        shown->tail++;
    }
}

static bool next_of_console(struct session *session, const struct store *store, uint32_t console,
                            struct session_frame *frame)
{
    struct session_console *shown = &session->consoles[console];

    if (shown->done_due) {
        shown->done_due = false;
        say(frame, MESSAGE_DONE, console);
        return true;
    }
    if (shown->reset_due) {
        shown->reset_due = false;
        say(frame, MESSAGE_RESET, console);
        return true;
    }
    if (has_output(session, store, console)) {
        say(frame, MESSAGE_DATA, console);
        say_output(shown, &store->consoles[console], frame);
        return true;
    }
    return false;
}

bool session_next(struct session *session, const struct store *store, struct session_frame *frame)
{
    const uint32_t turns = store->console_count + 1;

    frame->is_text = false;
    frame->count = 0;
    frame->text = NULL;
    for (uint32_t i = 0; i < turns; i++) {
        const uint32_t turn = session->turn++ % turns;

        if (turn == TEXT_TURN ? next_text(session, store, frame)
                              : next_of_console(session, store, turn - 1, frame)) {
            return true;
        }
        session_frame_free(frame);
    }
    return false;
}

void session_frame_free(struct session_frame *frame)
{
    free(frame->text);
    frame->text = NULL;
}
