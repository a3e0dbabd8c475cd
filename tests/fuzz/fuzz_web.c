/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `causeway web` between a browser and a target that say what they like: messages of tabs, paths and headers, output, logs,
 * answers of VMMs and of the stats PD. It stays in bounds, what it tells a tab in text is one line of printable ASCII, and a
 * tab is told everything in a bounded number of messages. The input: a byte that says what comes, its length, and it.
 */
#include <stdlib.h>
#include <string.h>

#include "console/web/guard.h"
#include "console/web/message.h"
#include "console/web/session.h"
#include "console/web/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TOKEN "0123456789abcdef0123456789abcdef"
#define PIECE_BYTES 255u

static struct store store;
static struct session session;

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

static void drain(void)
{
    static struct session_frame frame;

    for (uint32_t count = 0; session_next(&session, &store, &frame); count++) {
        require(frame.count > 0 && count < 2 * STORE_EVENTS + 1000);
        for (size_t i = 0; frame.is_text && i < frame.count; i++) {
            require(frame.bytes[i] == '\n' || (frame.bytes[i] >= ' ' && frame.bytes[i] <= '~'));
        }
        require(frame.is_text || frame.bytes[1] < store.console_count);
        session_frame_free(&frame);
    }
    require(!session_is_due(&session, &store));
}

static void take_message(const uint8_t *bytes, size_t count)
{
    struct message message;

    if (!message_parse(&message, bytes, count)) {
        return;
    }
    if (message.kind == MESSAGE_VERB) {
        require(message.verb < MESSAGE_VERBS);
        if (message.index < store.guest_count && !store.guests[message.index].is_busy) {
            store_asked(&store, message.index, message_verbs[message.verb]);
        }
    } else if (message.index < store.console_count) {
        require(message.kind != MESSAGE_DATA || (message.count > 0 && message.count <= MESSAGE_INPUT_BYTES));
        if (message.kind == MESSAGE_OPEN) {
            session_open(&session, &store, message.index);
        }
        session.consoles[message.index].done_due |= message.kind == MESSAGE_DATA;
        session.consoles[message.index].is_open &= message.kind != MESSAGE_CLOSE;
    }
}

static void take_header(const char *text)
{
    const char *rest = guard_path(TOKEN, text);

    require(rest == NULL || (rest >= text && strncmp(text + 1, TOKEN, strlen(TOKEN)) == 0));
    require(!guard_host(text, 8080) || strstr(text, ":8080") != NULL);
    (void)guard_origin(text, "127.0.0.1:8080");
}

static void take_piece(uint8_t kind, const uint8_t *bytes, size_t count)
{
    char text[PIECE_BYTES + 1];

    memcpy(text, bytes, count);
    text[count] = '\0';
    switch (kind % 6) {
    case 0:
        take_message(bytes, count);
        break;
    case 1:
        store_output(&store, kind / 6 % store.console_count, bytes, (uint32_t)count, kind);
        break;
    case 2:
        store_counted(&store, text, count);
        break;
    case 3:
        store_answered(&store, 0, kind < 128 ? "state" : "reset", kind == 255 ? NULL : text, kind);
        break;
    case 4:
        take_header(text);
        break;
    default:
        drain();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct listing listing = {
        .title = "fuzz",
        .count = 3,
        .entries = {{LISTING_CONSOLE, "vm1"}, {LISTING_CHANNEL, "vm1.ctl"}, {LISTING_CHANNEL, "top"}}};

    store_init(&store, &listing, false);
    session_init(&session, &store);
    while (size >= 2) {
        const size_t count = data[1] < size - 2 ? data[1] : size - 2;

        take_piece(data[0], data + 2, count);
        data += 2 + count;
        size -= 2 + count;
    }
    drain();
    store_free(&store);
    return 0;
}
