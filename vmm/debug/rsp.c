/* SPDX-License-Identifier: BSD-2-Clause */
/* gdb's packets: `$body#check`, answered with + or -; in the body `}` escapes the next byte. */
#include "vmm/debug/rsp.h"

#include <stddef.h>

#include "lib/base/mem.h"

#define ESCAPE '}'
#define ESCAPED_BIT 0x20u
#define CTRL_C 3u
#define NO_DIGIT 16u
/* What a frame takes besides its body. */
#define END_BYTES 3u

static const char digits[] = "0123456789abcdef";

static uint8_t digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9') {
        return (uint8_t)(byte - '0');
    }
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? (uint8_t)(byte - 'a' + 10) : NO_DIGIT;
}

static void start(struct rsp *rsp)
{
    rsp->state = RSP_BODY;
    rsp->is_escaped = false;
    rsp->is_too_long = false;
    rsp->sum = 0;
    rsp->packet_bytes = 0;
}

static void take_body(struct rsp *rsp, uint8_t byte)
{
    if (byte == '$') {
        start(rsp); /* the end of the last one was lost */
        return;
    }
    if (byte == '#') {
        rsp->state = RSP_CHECK_HIGH;
        return;
    }
    rsp->sum = (uint8_t)(rsp->sum + byte);
    if (byte == ESCAPE && !rsp->is_escaped) {
        rsp->is_escaped = true;
        return;
    }
    if (rsp->packet_bytes == RSP_PACKET_BYTES) {
        rsp->is_too_long = true;
        return;
    }
    rsp->packet[rsp->packet_bytes++] = rsp->is_escaped ? byte ^ ESCAPED_BIT : byte;
    rsp->is_escaped = false;
}

static enum rsp_event finish(struct rsp *rsp, uint8_t low)
{
    const uint8_t high = digit_of(rsp->check);

    rsp->state = RSP_IDLE;
    rsp->packet[rsp->packet_bytes] = '\0';
    if (high == NO_DIGIT || digit_of(low) == NO_DIGIT || rsp->is_too_long) {
        return RSP_DAMAGED;
    }
    return (high << 4 | digit_of(low)) == rsp->sum ? RSP_PACKET : RSP_DAMAGED;
}

static enum rsp_event take_idle(struct rsp *rsp, uint8_t byte)
{
    switch (byte) {
    case '$':
        start(rsp);
        return RSP_NOTHING;
    case CTRL_C:
        return RSP_INTERRUPT;
    case '-':
        return RSP_RESEND;
    default: /* acknowledgements, and noise */
        return RSP_NOTHING;
    }
}

enum rsp_event rsp_feed(struct rsp *rsp, uint8_t byte)
{
    switch (rsp->state) {
    case RSP_BODY:
        take_body(rsp, byte);
        return RSP_NOTHING;
    case RSP_CHECK_HIGH:
        rsp->check = byte;
        rsp->state = RSP_CHECK_LOW;
        return RSP_NOTHING;
    case RSP_CHECK_LOW:
        return finish(rsp, byte);
    case RSP_IDLE:
    default:
        return take_idle(rsp, byte);
    }
}

void rsp_put_raw(struct rsp_reply *reply, uint8_t byte)
{
    if (reply->used < RSP_WIRE_BYTES) {
        reply->wire[reply->used++] = byte;
    }
}

void rsp_begin(struct rsp_reply *reply)
{
    reply->packet_first = reply->used;
    rsp_put_raw(reply, '$');
    reply->sum = 0;
}

static void put_summed(struct rsp_reply *reply, uint8_t byte)
{
    if (reply->used < RSP_WIRE_BYTES - END_BYTES) {
        reply->wire[reply->used++] = byte;
        reply->sum = (uint8_t)(reply->sum + byte);
    }
}

void rsp_put(struct rsp_reply *reply, uint8_t byte)
{
    if (byte == '$' || byte == '#' || byte == ESCAPE || byte == '*') {
        /* Both or none. */
        if (reply->used < RSP_WIRE_BYTES - END_BYTES - 1) {
            put_summed(reply, ESCAPE);
            put_summed(reply, byte ^ ESCAPED_BIT);
        }
        return;
    }
    put_summed(reply, byte);
}

void rsp_put_text(struct rsp_reply *reply, const char *text)
{
    for (; *text != '\0'; text++) {
        rsp_put(reply, (uint8_t)*text);
    }
}

void rsp_put_hex(struct rsp_reply *reply, uint8_t byte)
{
    put_summed(reply, (uint8_t)digits[byte >> 4]);
    put_summed(reply, (uint8_t)digits[byte & 0xf]);
}

void rsp_put_number(struct rsp_reply *reply, uint64_t value)
{
    uint32_t shift = 60;

    while (shift > 0 && (value >> shift & 0xf) == 0) {
        shift -= 4;
    }
    for (;; shift -= 4) {
        put_summed(reply, (uint8_t)digits[value >> shift & 0xf]);
        if (shift == 0) {
            return;
        }
    }
}

void rsp_put_value(struct rsp_reply *reply, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        rsp_put_hex(reply, (uint8_t)(value >> 8 * i));
    }
}

void rsp_end(struct rsp_reply *reply)
{
    const uint8_t sum = reply->sum;

    rsp_put_raw(reply, '#');
    rsp_put_raw(reply, (uint8_t)digits[sum >> 4]);
    rsp_put_raw(reply, (uint8_t)digits[sum & 0xf]);
}

void rsp_resend(struct rsp_reply *reply)
{
    if (reply->sent == reply->used) {
        reply->sent = reply->packet_first;
    }
}

bool rsp_take_number(const char **text, uint64_t *value)
{
    const char *first = *text;
    uint64_t number = 0;
    uint8_t digit;

    while ((digit = digit_of((uint8_t) * *text)) != NO_DIGIT) {
        if (number >> 60 != 0) {
            return false;
        }
        number = number << 4 | digit;
        (*text)++;
    }
    *value = number;
    return *text != first;
}

bool rsp_take_hex(const char **text, uint8_t *byte)
{
    const uint8_t high = digit_of((uint8_t)(*text)[0]);
    const uint8_t low = high == NO_DIGIT ? NO_DIGIT : digit_of((uint8_t)(*text)[1]);

    if (low == NO_DIGIT) {
        return false;
    }
    *byte = (uint8_t)(high << 4 | low);
    *text += 2;
    return true;
}

bool rsp_take_value(const char **text, uint64_t *value, uint32_t bytes)
{
    *value = 0;
    for (uint32_t i = 0; i < bytes; i++) {
        uint8_t byte;

        if (!rsp_take_hex(text, &byte)) {
            return false;
        }
        *value |= (uint64_t)byte << 8 * i;
    }
    return true;
}

bool rsp_take(const char **text, char character)
{
    if (**text != character) {
        return false;
    }
    (*text)++;
    return true;
}

bool rsp_take_text(const char **text, const char *word)
{
    const size_t length = strlen(word);

    if (strncmp(*text, word, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}
