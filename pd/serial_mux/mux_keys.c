/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/serial_mux/mux_keys.h"

#include "lib/serial_frame/serial_frame.h"

enum keys_state {
    STATE_IDLE = 0,
    STATE_KEY,    /* after the escape byte */
    STATE_TARGET, /* which console? */
    STATE_NUMBER, /* one digit of it is there */
    STATE_NAME
};

#define BACKSPACE 0x08u
#define DEL 0x7fu

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_enter(uint8_t byte)
{
    return byte == '\r' || byte == '\n';
}

static struct mux_command finish(struct mux_keys *keys, enum mux_action action, enum mux_target target)
{
    keys->state = STATE_IDLE;
    return (struct mux_command){
        .action = action, .target = target, .number = keys->number, .name = keys->name, .nonce = keys->nonce};
}

static struct mux_command unfinished(struct mux_keys *keys, enum keys_state state)
{
    keys->state = (uint8_t)state;
    return (struct mux_command){.action = MUX_ACTION_NONE};
}

static struct mux_command first_digit(struct mux_keys *keys, uint8_t byte)
{
    keys->number = (uint32_t)(byte - '0');
    if (keys->number != 0 && keys->number * 10 <= keys->count) {
        return unfinished(keys, STATE_NUMBER);
    }
    return finish(keys, keys->action, MUX_TARGET_NUMBER);
}

static struct mux_command begin(struct mux_keys *keys, enum mux_action action, enum keys_state state)
{
    keys->action = action;
    keys->name_bytes = 0;
    keys->name[0] = '\0';
    return unfinished(keys, state);
}

/* Whether the key is part of a session's nonce. */
static bool is_nonce(struct mux_keys *keys, uint8_t byte)
{
    bool first = byte == SERIAL_FRAME_NONCE_START;
    bool digit = (byte & 0xf0u) == SERIAL_FRAME_NONCE_DIGIT && keys->nonce_digits > 0;

    keys->nonce_digits = first ? SERIAL_FRAME_NONCE_DIGITS : digit ? keys->nonce_digits - 1 : 0;
    keys->nonce = digit ? keys->nonce << 4 | (byte & 0xfu) : 0;
    return first || digit;
}

static struct mux_command key(struct mux_keys *keys, uint8_t byte)
{
    if (is_nonce(keys, byte)) {
        return keys->nonce_digits == 0 ? finish(keys, MUX_ACTION_FRAMES, MUX_TARGET_FOCUSED)
                                       : unfinished(keys, STATE_IDLE);
    }
    if (is_digit(byte)) {
        keys->action = MUX_ACTION_FOCUS;
        return first_digit(keys, byte);
    }
    if (byte == keys->escape) {
        return finish(keys, MUX_ACTION_INPUT, MUX_TARGET_FOCUSED);
    }
    switch (byte) {
    case 'g':
        return begin(keys, MUX_ACTION_FOCUS, STATE_NAME);
    case 's':
        return begin(keys, MUX_ACTION_SILENCE, STATE_TARGET);
    case 'b':
        return begin(keys, MUX_ACTION_BACKLOG, STATE_TARGET);
    case 'n':
        return finish(keys, MUX_ACTION_NEXT, MUX_TARGET_FOCUSED);
    case 'p':
        return finish(keys, MUX_ACTION_PREVIOUS, MUX_TARGET_FOCUSED);
    case 'l':
        return finish(keys, MUX_ACTION_LIST, MUX_TARGET_FOCUSED);
    case 'c':
        return finish(keys, MUX_ACTION_COLOURS, MUX_TARGET_FOCUSED);
    default:
        return finish(keys, MUX_ACTION_HELP, MUX_TARGET_FOCUSED);
    }
}

static struct mux_command name(struct mux_keys *keys, uint8_t byte)
{
    if (is_enter(byte)) {
        return finish(keys, keys->action, keys->name_bytes > 0 ? MUX_TARGET_NAME : MUX_TARGET_FOCUSED);
    }
    if (byte == keys->escape) {
        return unfinished(keys, STATE_IDLE);
    }
    if (byte == BACKSPACE || byte == DEL) {
        keys->name_bytes -= keys->name_bytes > 0 ? 1 : 0;
    } else if (byte > ' ' && keys->name_bytes < sizeof keys->name - 1) {
        keys->name[keys->name_bytes++] = (char)byte;
    }
    keys->name[keys->name_bytes] = '\0';
    return unfinished(keys, STATE_NAME);
}

static struct mux_command second_digit(struct mux_keys *keys, uint8_t byte)
{
    if (is_digit(byte)) {
        keys->number = keys->number * 10 + (uint32_t)(byte - '0');
    }
    struct mux_command command = finish(keys, keys->action, MUX_TARGET_NUMBER);
    command.again = !is_digit(byte) && !is_enter(byte);
    return command;
}

struct mux_command mux_keys_byte(struct mux_keys *keys, uint8_t byte)
{
    switch ((enum keys_state)keys->state) {
    case STATE_KEY:
        return key(keys, byte);
    case STATE_TARGET:
        return is_digit(byte) ? first_digit(keys, byte) : name(keys, byte);
    case STATE_NUMBER:
        return second_digit(keys, byte);
    case STATE_NAME:
        return name(keys, byte);
    case STATE_IDLE:
    default:
        if (byte == keys->escape) {
            return unfinished(keys, STATE_KEY);
        }
        return (struct mux_command){.action = MUX_ACTION_INPUT};
    }
}

bool mux_keys_is_busy(const struct mux_keys *keys)
{
    return keys->state != STATE_IDLE;
}
