/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a tab of the browser says: binary messages, whose first byte says what they are and whose second is the index of a
 * console or guest, as the server's "system" message lists them.
 *
 *     O console                        open: its history, then what it writes
 *     C console                        close
 *     D console bytes ...              typed; the next when the server has acknowledged this one
 *     S console cols:2 rows:2          its terminal's size, little-endian
 *     V guest verb                     a command to a guest, as an index of `message_verbs`
 *
 * The server says in binary
 *
 *     R console                        opened: what was shown before goes
 *     D console bytes ...              output
 *     A console                        what was typed has been passed on
 *
 * and in text, as JSON with a "kind", what there is ("system"), what it does ("top") and what happens ("event").
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MESSAGE_INPUT_BYTES 1024u /**< typed, in one message */
#define MESSAGE_BYTES (2u + MESSAGE_INPUT_BYTES)
#define MESSAGE_HEAD_BYTES 2u
#define MESSAGE_MIN_SIZE 2u
#define MESSAGE_MAX_SIZE 1000u

/** First byte of a message. */
enum message_kind {
    MESSAGE_OPEN = 'O',
    MESSAGE_CLOSE = 'C',
    MESSAGE_DATA = 'D',
    MESSAGE_SIZE = 'S',
    MESSAGE_VERB = 'V',
    MESSAGE_RESET = 'R',
    MESSAGE_DONE = 'A'
};

/** Commands to a guest (`causeway start` and its neighbours). */
extern const char *const message_verbs[];
#define MESSAGE_VERBS 5u

/** A message that has been checked, except for whether there is such a console or guest. */
struct message {
    enum message_kind kind;
    uint8_t index;
    const uint8_t *bytes; /**< of MESSAGE_DATA, in the caller's buffer */
    uint32_t count;
    uint16_t cols;
    uint16_t rows;
    uint8_t verb;
};

/** Take a message apart. False: it is none. */
bool message_parse(struct message *message, const uint8_t *bytes, size_t count);
