/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * How events go from the stats PD to `causeway trace`, over the channel `trace`.
 *
 * The tool sends lines: `start` (record from now on), `stop` (and give what was recorded since), `last` (give what is in the
 * rings). Back come messages:
 *
 *     'T' 'r'   type (1)   core (1)   length (2)   check (4)   payload
 *
 * little-endian; the check is the CRC-32 of type, core, length and payload. To `start` and `last`: HELLO, a THREAD for each,
 * and to `start` then STARTED. To `stop` and `last`: RECORDS, any number, of each core in order, then END. Whoever reads skips
 * to the next message that is whole, and finds from the sequence numbers what it has missed.
 *
 * In RECORDS each record takes, behind the number of the first and the ticks that it counts from: kind (1), thread (1), ticks
 * since the record before (varint), detail (varint): 5 to 6 bytes where a record in memory takes 16.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"

#define TRACE_WIRE_VERSION 1u
#define TRACE_WIRE_HEADER_BYTES 10u
#define TRACE_WIRE_PAYLOAD_BYTES 2048u
#define TRACE_WIRE_MESSAGE_BYTES (TRACE_WIRE_HEADER_BYTES + TRACE_WIRE_PAYLOAD_BYTES)

enum trace_wire_type {
    TRACE_WIRE_HELLO = 1, /**< u32: version, ticks a second, cores, records that a ring holds */
    TRACE_WIRE_THREAD,    /**< u8: number in records, 1 if a vCPU, core, priority; name */
    TRACE_WIRE_STARTED,   /**< u64: ticks */
    TRACE_WIRE_RECORDS,   /**< u64: number of the first record, ticks that the first counts from; records */
    TRACE_WIRE_END        /**< u64: ticks; for each core from which record up to which there were some */
};

/** A message. */
struct trace_wire_message {
    uint8_t type;
    uint8_t core;
    uint32_t bytes;
    uint8_t payload[TRACE_WIRE_PAYLOAD_BYTES];
};

/** Begin a message. */
void trace_wire_begin(struct trace_wire_message *message, uint32_t type, uint32_t core);

/** Append: numbers little-endian, and bytes. What has no room is left out; the caller sees to it that there is. */
void trace_wire_put_u32(struct trace_wire_message *message, uint32_t value);
void trace_wire_put_u64(struct trace_wire_message *message, uint64_t value);
void trace_wire_put(struct trace_wire_message *message, const void *bytes, uint32_t count);

/** Append a record, `*ticks` after the last, which it becomes. False: there is no room for it. */
bool trace_wire_put_record(struct trace_wire_message *message, uint64_t *ticks,
                           const struct sysdesc_trace_record *record);

/** The message as it goes over the channel; returns its length. */
uint32_t trace_wire_encode(const struct trace_wire_message *message, uint8_t wire[TRACE_WIRE_MESSAGE_BYTES]);

/** State of a reader between bytes; zero to begin with. */
struct trace_wire_reader {
    uint8_t wire[TRACE_WIRE_MESSAGE_BYTES];
    uint32_t used;
    uint64_t skipped; /**< bytes that were no part of a whole message */
};

/** Take a byte. Then ask trace_wire_next() until it has no more. */
void trace_wire_byte(struct trace_wire_reader *reader, uint8_t byte);

/** True: *message is the next message that is whole. */
bool trace_wire_next(struct trace_wire_reader *reader, struct trace_wire_message *message);

/** Where a reader is in a payload. */
struct trace_wire_cursor {
    const uint8_t *at, *end;
};

/** From the start of the payload. */
struct trace_wire_cursor trace_wire_open(const struct trace_wire_message *message);

/** The next of what is there; false: it ends before. */
bool trace_wire_get_u8(struct trace_wire_cursor *cursor, uint8_t *value);
bool trace_wire_get_u32(struct trace_wire_cursor *cursor, uint32_t *value);
bool trace_wire_get_u64(struct trace_wire_cursor *cursor, uint64_t *value);
bool trace_wire_get_record(struct trace_wire_cursor *cursor, uint64_t *ticks,
                           struct sysdesc_trace_record *record);
