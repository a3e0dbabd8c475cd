/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/commander.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "console/web/plug.h"

#define ANSWER_MS 10000u
#define ASK_EVERY_MS 2000u
#define ASK_AGAIN_MS 200u
/* Another tool may be at the channel for a moment. */
#define TRIES 15u
#define QUESTION "state"

void commander_init(struct commander *commander, struct store *store, const char *folder)
{
    memset(commander, 0, sizeof(*commander));
    commander->store = store;
    commander->folder = folder;
    commander->fd = -1;
}

bool commander_want(struct commander *commander, uint32_t guest, const char *verb)
{
    if (commander->store->guests[guest].is_busy) {
        return false;
    }
    commander->wanted[guest] = verb;
    commander->ask_at_ms[guest] = 0;
    commander->tries = 0;
    store_asked(commander->store, guest, verb);
    return true;
}

static void end(struct commander *commander)
{
    commander->fd = -1;
    commander->line_bytes = 0;
}

/* The one under way has had its answer, or none. */
static void finish(struct commander *commander, const char *answer, uint64_t now_ms, uint64_t unix_ms)
{
    const uint32_t guest = commander->guest;
    const bool is_question = strcmp(commander->verb, QUESTION) == 0;

    /* Busy for a moment: again, and then give up. */
    if (answer == NULL && !is_question && commander->tries++ < TRIES) {
        commander->ask_at_ms[guest] = now_ms + ASK_AGAIN_MS;
        return;
    }
    if (!is_question) {
        commander->wanted[guest] = NULL;
    }
    commander->ask_at_ms[guest] = now_ms + (is_question ? ASK_EVERY_MS : 0);
    store_answered(commander->store, guest, commander->verb, answer, unix_ms);
}

/* The guest whose turn it is: STORE_GUESTS if none is due. */
static uint32_t choose(const struct commander *commander, bool anybody_looks, uint64_t now_ms)
{
    const uint32_t count = commander->store->guest_count;
    uint32_t chosen = STORE_GUESTS;

    for (uint32_t i = 0; i < count; i++) {
        const uint32_t guest = (commander->guest + 1 + i) % count;

        if (now_ms < commander->ask_at_ms[guest]) {
            continue;
        }
        if (commander->wanted[guest] != NULL) {
            return guest;
        }
        chosen = chosen == STORE_GUESTS && anybody_looks ? guest : chosen;
    }
    return chosen;
}

bool commander_step(struct commander *commander, bool anybody_looks, uint64_t now_ms, uint64_t unix_ms)
{
    char channel[PLUG_NAME_BYTES], line[32];

    if (commander->fd >= 0 && now_ms >= commander->deadline_ms) {
        commander->tries = TRIES;
        (void)shutdown(commander->fd, SHUT_RDWR); /* commander_read() finds its end */
    }
    const uint32_t guest = commander->fd >= 0 ? STORE_GUESTS : choose(commander, anybody_looks, now_ms);

    if (guest == STORE_GUESTS) {
        return false;
    }
    commander->guest = guest;
    commander->verb = commander->wanted[guest] != NULL ? commander->wanted[guest] : QUESTION;
    commander->deadline_ms = now_ms + ANSWER_MS;
    (void)snprintf(channel, sizeof(channel), "%s.ctl", commander->store->guests[guest].name);
    commander->fd = plug_connect(commander->folder, channel, SOCK_STREAM);
    if (commander->fd < 0) {
        finish(commander, NULL, now_ms, unix_ms);
        return false;
    }
    const int length = snprintf(line, sizeof(line), "%s\n", commander->verb);

    (void)!send(commander->fd, line, (size_t)length, MSG_NOSIGNAL); /* no answer says that it failed */
    return true;
}

bool commander_read(struct commander *commander, uint64_t now_ms, uint64_t unix_ms)
{
    char byte;

    for (;;) {
        const ssize_t got = recv(commander->fd, &byte, 1, 0);

        if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
            return true;
        }
        if (got <= 0 || commander->line_bytes == sizeof(commander->line) - 1) {
            end(commander);
            finish(commander, NULL, now_ms, unix_ms);
            return false;
        }
        if (byte == '\n') {
            commander->line[commander->line_bytes] = '\0';
            end(commander);
            finish(commander, commander->line, now_ms, unix_ms);
            return false;
        }
        commander->line[commander->line_bytes++] = byte;
    }
}
