/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `causeway trace` reads whatever a target says: it stays in bounds, its files have printable text. Input: bytes of the
 * channel; or, behind a first byte of 1, messages (type, core, length in 16 bits, payload) that get a good check.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/trace_files.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct trace_wire_reader reader;
static struct trace_wire_message message;

static void feed(struct trace_log *trace, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        trace_wire_byte(&reader, bytes[i]);
        while (trace_wire_next(&reader, &message)) {
            trace_log_take(trace, &message);
        }
    }
}

static void feed_messages(struct trace_log *trace, const uint8_t *data, size_t size)
{
    uint8_t wire[TRACE_WIRE_MESSAGE_BYTES];

    while (size >= 4) {
        size_t bytes = (size_t)data[2] | (size_t)(data[3] & 3) << 8;

        bytes = bytes < size - 4 ? bytes : size - 4;
        trace_wire_begin(&message, data[0], data[1]);
        trace_wire_put(&message, data + 4, (uint32_t)bytes);
        feed(trace, wire, trace_wire_encode(&message, wire));
        data += 4 + bytes;
        size -= 4 + bytes;
    }
}

static void check_text(const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (text[i] != '\n' && ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')) {
            abort();
        }
    }
}

static void write_files(const struct trace_log *trace)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    if (out == NULL) {
        abort();
    }
    trace_json_write(out, trace);
    trace_ctf_metadata(out, trace);
    fflush(out);
    check_text(text, bytes);
    for (uint32_t i = 0; i < trace->core_count; i++) {
        trace_ctf_stream(out, trace, i);
    }
    fclose(out);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trace_log trace;

    memset(&reader, 0, sizeof(reader));
    if (size > 0 && data[0] == 1) {
        feed_messages(&trace, data + 1, size - 1);
    } else {
        feed(&trace, data, size);
    }
    if (trace.is_greeted) {
        write_files(&trace);
    }
    trace_log_free(&trace);
    return 0;
}
