/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages with events: written by a PD, read by a host program that trusts none of it. */
#include "lib/trace/trace_wire.h"

#include "lib/base/mem.h"
#include "lib/blk/crc32.h"
#include "lib/trace/trace_record.h"

#define MAGIC_0 'T'
#define MAGIC_1 'r'
#define TYPE_AT 2u
#define CORE_AT 3u
#define LENGTH_AT 4u
#define CHECK_AT 6u
#define VARINT_BYTES 10u
#define RECORD_BYTES (2u + 2u * VARINT_BYTES)

void trace_wire_begin(struct trace_wire_message *message, uint32_t type, uint32_t core)
{
    message->type = (uint8_t)type;
    message->core = (uint8_t)core;
    message->bytes = 0;
}

void trace_wire_put(struct trace_wire_message *message, const void *bytes, uint32_t count)
{
    if (count <= TRACE_WIRE_PAYLOAD_BYTES - message->bytes) {
        memcpy(&message->payload[message->bytes], bytes, count);
        message->bytes += count;
    }
}

static void put_number(struct trace_wire_message *message, uint64_t value, uint32_t count)
{
    uint8_t bytes[sizeof(value)];

    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
    trace_wire_put(message, bytes, count);
}

void trace_wire_put_u32(struct trace_wire_message *message, uint32_t value)
{
    put_number(message, value, sizeof(value));
}

void trace_wire_put_u64(struct trace_wire_message *message, uint64_t value)
{
    put_number(message, value, sizeof(value));
}

static void put_varint(struct trace_wire_message *message, uint64_t value)
{
    while (value >= 0x80) {
        put_number(message, value | 0x80, 1);
        value >>= 7;
    }
    put_number(message, value, 1);
}

bool trace_wire_put_record(struct trace_wire_message *message, uint64_t *ticks,
                           const struct sysdesc_trace_record *record)
{
    if (TRACE_WIRE_PAYLOAD_BYTES - message->bytes < RECORD_BYTES) {
        return false;
    }
    put_number(message, trace_record_kind(record), 1);
    put_number(message, trace_record_thread(record), 1);
    put_varint(message, record->ticks - *ticks);
    put_varint(message, trace_record_detail(record));
    *ticks = record->ticks;
    return true;
}

/* Of a message on the wire, with `bytes` of payload: its check covers all but the magic and itself. */
static uint32_t check_of(const uint8_t *wire, uint32_t bytes)
{
    uint8_t covered[CHECK_AT - TYPE_AT + TRACE_WIRE_PAYLOAD_BYTES];

    memcpy(covered, &wire[TYPE_AT], CHECK_AT - TYPE_AT);
    memcpy(&covered[CHECK_AT - TYPE_AT], &wire[TRACE_WIRE_HEADER_BYTES], bytes);
    return crc32_of(covered, CHECK_AT - TYPE_AT + bytes);
}

uint32_t trace_wire_encode(const struct trace_wire_message *message, uint8_t wire[TRACE_WIRE_MESSAGE_BYTES])
{
    wire[0] = MAGIC_0;
    wire[1] = MAGIC_1;
    wire[TYPE_AT] = message->type;
    wire[CORE_AT] = message->core;
    wire[LENGTH_AT] = (uint8_t)message->bytes;
    wire[LENGTH_AT + 1] = (uint8_t)(message->bytes >> 8);
    memcpy(&wire[TRACE_WIRE_HEADER_BYTES], message->payload, message->bytes);
    const uint32_t check = check_of(wire, message->bytes);
    for (uint32_t i = 0; i < sizeof(check); i++) {
        wire[CHECK_AT + i] = (uint8_t)(check >> 8 * i);
    }
    return TRACE_WIRE_HEADER_BYTES + message->bytes;
}

static uint32_t length_of(const uint8_t *wire)
{
    return (uint32_t)wire[LENGTH_AT] | (uint32_t)wire[LENGTH_AT + 1] << 8;
}

/* Whether what is there may be the start of a message. */
static bool is_start(const struct trace_wire_reader *reader)
{
    return (reader->used < 1 || reader->wire[0] == MAGIC_0) &&
           (reader->used < 2 || reader->wire[1] == MAGIC_1) &&
           (reader->used < CHECK_AT || length_of(reader->wire) <= TRACE_WIRE_PAYLOAD_BYTES);
}

static bool is_whole(const struct trace_wire_reader *reader)
{
    return reader->used >= TRACE_WIRE_HEADER_BYTES &&
           reader->used >= TRACE_WIRE_HEADER_BYTES + length_of(reader->wire);
}

static bool is_good(const struct trace_wire_reader *reader)
{
    uint32_t check = 0;

    for (uint32_t i = 0; i < sizeof(check); i++) {
        check |= (uint32_t)reader->wire[CHECK_AT + i] << 8 * i;
    }
    return check == check_of(reader->wire, length_of(reader->wire));
}

/* The first `count` bytes are done with. */
static void take(struct trace_wire_reader *reader, uint32_t count)
{
    memmove(reader->wire, &reader->wire[count], reader->used - count);
    reader->used -= count;
}

/* No message begins where it seemed: it may further on, in what is there. */
static void skip(struct trace_wire_reader *reader)
{
    uint32_t at = 1;

    while (at < reader->used && reader->wire[at] != MAGIC_0) {
        at++;
    }
    take(reader, at);
    reader->skipped += at;
}

void trace_wire_byte(struct trace_wire_reader *reader, uint8_t byte)
{
    reader->wire[reader->used++] = byte;
}

bool trace_wire_next(struct trace_wire_reader *reader, struct trace_wire_message *message)
{
    while (reader->used > 0 && (!is_start(reader) || (is_whole(reader) && !is_good(reader)))) {
        skip(reader);
    }
    if (!is_whole(reader)) {
        return false;
    }
    message->type = reader->wire[TYPE_AT];
    message->core = reader->wire[CORE_AT];
    message->bytes = length_of(reader->wire);
    memcpy(message->payload, &reader->wire[TRACE_WIRE_HEADER_BYTES], message->bytes);
    take(reader, TRACE_WIRE_HEADER_BYTES + message->bytes);
    return true;
}

struct trace_wire_cursor trace_wire_open(const struct trace_wire_message *message)
{
    return (struct trace_wire_cursor){message->payload, message->payload + message->bytes};
}

static bool get_number(struct trace_wire_cursor *cursor, uint32_t count, uint64_t *value)
{
    *value = 0;
    if ((size_t)(cursor->end - cursor->at) < count) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        *value |= (uint64_t)*cursor->at++ << 8 * i;
    }
    return true;
}

bool trace_wire_get_u8(struct trace_wire_cursor *cursor, uint8_t *value)
{
    uint64_t number;
    const bool is_there = get_number(cursor, sizeof(*value), &number);

    *value = (uint8_t)number;
    return is_there;
}

bool trace_wire_get_u32(struct trace_wire_cursor *cursor, uint32_t *value)
{
    uint64_t number;
    const bool is_there = get_number(cursor, sizeof(*value), &number);

    *value = (uint32_t)number;
    return is_there;
}

bool trace_wire_get_u64(struct trace_wire_cursor *cursor, uint64_t *value)
{
    return get_number(cursor, sizeof(*value), value);
}

static bool get_varint(struct trace_wire_cursor *cursor, uint64_t *value)
{
    *value = 0;
    for (uint32_t shift = 0; shift < 64; shift += 7) {
        uint8_t byte;

        if (!trace_wire_get_u8(cursor, &byte)) {
            return false;
        }
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            return true;
        }
    }
    return false;
}

bool trace_wire_get_record(struct trace_wire_cursor *cursor, uint64_t *ticks,
                           struct sysdesc_trace_record *record)
{
    uint8_t kind;
    uint8_t thread;
    uint64_t since;
    uint64_t detail;

    if (!trace_wire_get_u8(cursor, &kind) || !trace_wire_get_u8(cursor, &thread) ||
        !get_varint(cursor, &since) || !get_varint(cursor, &detail)) {
        return false;
    }
    *ticks += since;
    record->ticks = *ticks;
    record->what = trace_record_what(kind, thread, detail);
    return true;
}
