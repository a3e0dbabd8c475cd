/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/web/message.h"

#define SIZE_BYTES (MESSAGE_HEAD_BYTES + 4u)

const char *const message_verbs[MESSAGE_VERBS] = {"start", "stop", "reset", "pause", "resume"};

static bool take_size(struct message *message, const uint8_t *bytes, size_t count)
{
    if (count != SIZE_BYTES) {
        return false;
    }
    message->cols = (uint16_t)(bytes[2] | bytes[3] << 8);
    message->rows = (uint16_t)(bytes[4] | bytes[5] << 8);
    return message->cols >= MESSAGE_MIN_SIZE && message->cols <= MESSAGE_MAX_SIZE &&
           message->rows >= MESSAGE_MIN_SIZE && message->rows <= MESSAGE_MAX_SIZE;
}

bool message_parse(struct message *message, const uint8_t *bytes, size_t count)
{
    *message = (struct message){0};
    if (count < MESSAGE_HEAD_BYTES || count > MESSAGE_BYTES) {
        return false;
    }
    message->kind = (enum message_kind)bytes[0];
    message->index = bytes[1];
    switch (message->kind) {
    case MESSAGE_OPEN:
    case MESSAGE_CLOSE:
        return count == MESSAGE_HEAD_BYTES;
    case MESSAGE_DATA:
        message->bytes = bytes + MESSAGE_HEAD_BYTES;
        message->count = (uint32_t)(count - MESSAGE_HEAD_BYTES);
        return message->count > 0;
    case MESSAGE_SIZE:
        return take_size(message, bytes, count);
    case MESSAGE_VERB:
        message->verb = count == MESSAGE_HEAD_BYTES + 1 ? bytes[2] : MESSAGE_VERBS;
        return message->verb < MESSAGE_VERBS;
    default:
        return false; /* the others are the server's */
    }
}
