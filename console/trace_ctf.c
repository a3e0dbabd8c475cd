/* SPDX-License-Identifier: BSD-2-Clause */
/* Events in the Common Trace Format, version 1.8. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/trace_files.h"
#include "lib/trace/trace_kind.h"
#include "tool/base/mem.h"

#define MAGIC 0xc1fc1fc1u
#define PACKET_EVENTS 4096u
/* Of packet.header and packet.context below. */
#define PACKET_HEADER_BYTES (8u + 5u * 8u + 4u)
#define EVENT_HEADER_BYTES 9u

static const char head[] =
    "/* CTF 1.8 */\n"
    "typealias integer { size = 8; align = 8; signed = false; } := uint8_t;\n"
    "typealias integer { size = 32; align = 8; signed = false; } := uint32_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; } := uint64_t;\n"
    "typealias integer { size = 64; align = 8; signed = false; base = 16; } := hex_t;\n"
    "trace {\n"
    "    major = 1;\n"
    "    minor = 8;\n"
    "    byte_order = le;\n"
    "    packet.header := struct { uint32_t magic; uint32_t stream_id; };\n"
    "};\n"
    "env { tracer_name = \"causeway\"; domain = \"hypervisor\"; };\n";

static const char streams[] =
    "typealias integer { size = 64; align = 8; signed = false; map = clock.ticks.value; } := ticks_t;\n"
    "typealias enum : uint8_t { \"load\" = 0, \"store\" = 1 } := access_t;\n"
    "stream {\n"
    "    id = 0;\n"
    "    packet.context := struct { ticks_t timestamp_begin; ticks_t timestamp_end; uint64_t content_size;\n"
    "        uint64_t packet_size; uint64_t events_discarded; uint32_t cpu_id; };\n"
    "    event.header := struct { uint8_t id; ticks_t timestamp; };\n"
    "};\n";

static void write_threads(FILE *out, const struct trace_log *log)
{
    fputs("typealias enum : uint8_t { ", out);
    for (uint32_t i = 0; i < TRACE_LOG_THREADS; i++) {
        if (log->threads[i].is_there) {
            fprintf(out, "\"%s\" = %u, ", log->threads[i].name, i);
        }
    }
    fprintf(out, "\"nobody\" = %u } := thread_t;\n", SYSDESC_TRACE_NOBODY);
}

static void write_event_class(FILE *out, uint32_t id)
{
    const struct trace_kind *kind = trace_kind_of(id);

    fprintf(out, "event { name = \"%s\"; id = %u; stream_id = 0; fields := struct { thread_t thread; ",
            kind->name, id);
    switch (kind->detail) {
    case TRACE_DETAIL_NONE:
        break;
    case TRACE_DETAIL_ADDRESS:
        fprintf(out, "hex_t %s; access_t access; ", kind->detail_name);
        break;
    case TRACE_DETAIL_HEX:
        fprintf(out, "hex_t %s; ", kind->detail_name);
        break;
    case TRACE_DETAIL_NUMBER:
        fprintf(out, "uint64_t %s; ", kind->detail_name);
        break;
    case TRACE_DETAIL_THREAD:
        fprintf(out, "thread_t %s; ", kind->detail_name);
        break;
    case TRACE_DETAIL_CHANNEL:
        fprintf(out, "thread_t %s; uint8_t channel; ", kind->detail_name);
        break;
    }
    fputs("}; };\n", out);
}

void trace_ctf_metadata(FILE *out, const struct trace_log *log)
{
    fputs(head, out);
    fprintf(out, "clock { name = ticks; description = \"the generic timer\"; freq = %u; offset = 0; };\n",
            log->hz);
    fputs(streams, out);
    write_threads(out, log);
    for (uint32_t i = 0; i < SYSDESC_TRACE_KINDS; i++) {
        write_event_class(out, i);
    }
}

static void put(FILE *out, uint64_t value, unsigned int bytes)
{
    for (unsigned int i = 0; i < bytes; i++) {
        fputc((int)(value >> 8 * i & 0xff), out);
    }
}

/* Of an event's fields behind the header. */
static unsigned int payload_bytes(uint32_t kind)
{
    switch (trace_kind_of(kind)->detail) {
    case TRACE_DETAIL_NONE:
        return 1;
    case TRACE_DETAIL_ADDRESS:
        return 1 + 8 + 1;
    case TRACE_DETAIL_THREAD:
        return 1 + 1;
    case TRACE_DETAIL_CHANNEL:
        return 1 + 1 + 1;
    default:
        return 1 + 8;
    }
}

/* Kinds that this program does not know are all of one class. */
static uint32_t class_of(const struct trace_log_event *event)
{
    return event->kind < SYSDESC_TRACE_KINDS ? event->kind : SYSDESC_TRACE_NONE;
}

static void write_event(FILE *out, const struct trace_log_event *event)
{
    const uint32_t class = class_of(event);

    put(out, class, 1);
    put(out, event->ticks, 8);
    put(out, event->thread, 1);
    switch (trace_kind_of(class)->detail) {
    case TRACE_DETAIL_NONE:
        break;
    case TRACE_DETAIL_ADDRESS:
        put(out, event->detail & ~SYSDESC_TRACE_STORE, 8);
        put(out, (event->detail & SYSDESC_TRACE_STORE) != 0, 1);
        break;
    case TRACE_DETAIL_THREAD:
        put(out, event->detail, 1);
        break;
    case TRACE_DETAIL_CHANNEL:
        put(out, event->detail, 2);
        break;
    default:
        put(out, event->detail, 8);
    }
}

/* How many events belong into one packet: none are missing between them. */
static size_t packet_count(const struct trace_log_core *core, size_t first)
{
    size_t count = 1;

    while (count < PACKET_EVENTS && first + count < core->count &&
           core->events[first + count].number == core->events[first].number + count) {
        count++;
    }
    return count;
}

/* `lost`: before the packet, and in it, which is so of the last. */
static void write_packet(FILE *out, const struct trace_log_event *events, size_t count, uint32_t core,
                         uint64_t lost)
{
    uint64_t bits = 8 * PACKET_HEADER_BYTES;

    for (size_t i = 0; i < count; i++) {
        bits += 8 * (EVENT_HEADER_BYTES + payload_bytes(class_of(&events[i])));
    }
    put(out, MAGIC, 4);
    put(out, 0, 4);
    put(out, events[0].ticks, 8);
    put(out, events[count - 1].ticks, 8);
    put(out, bits, 8);
    put(out, bits, 8);
    put(out, lost, 8);
    put(out, core, 4);
    for (size_t i = 0; i < count; i++) {
        write_event(out, &events[i]);
    }
}

void trace_ctf_stream(FILE *out, const struct trace_log *log, uint32_t core)
{
    const struct trace_log_core *own = &log->cores[core];

    for (size_t first = 0, count; first < own->count; first += count) {
        count = packet_count(own, first);
        const bool is_last = first + count == own->count;
        const uint64_t before = own->events[first].number - own->from - first;

        write_packet(out, &own->events[first], count, core,
                     is_last && log->is_ended ? trace_log_lost(own) : before);
    }
}

static FILE *create(const char *folder, const char *name)
{
    char *path = mem_printf("%s/%s", folder, name);
    FILE *out = fopen(path, "wbx");

    if (out == NULL) {
        fprintf(stderr, "causeway trace: %s: %s\n", path,
                errno == EEXIST ? "it is there already; choose another folder with -o" : strerror(errno));
    }
    free(path);
    return out;
}

static bool finish(FILE *out, const char *folder)
{
    const bool failed = ferror(out) != 0;

    if ((fclose(out) != 0 || failed)) {
        fprintf(stderr, "causeway trace: %s: %s\n", folder, strerror(errno));
        return false;
    }
    return true;
}

bool trace_ctf_write(const char *folder, const struct trace_log *log)
{
    char name[16];

    if (mkdir(folder, 0777) != 0 && errno != EEXIST) {
        fprintf(stderr, "causeway trace: %s: %s\n", folder, strerror(errno));
        return false;
    }
    FILE *out = create(folder, "metadata");
    if (out == NULL) {
        return false;
    }
    trace_ctf_metadata(out, log);
    bool is_fine = finish(out, folder);
    for (uint32_t i = 0; is_fine && i < log->core_count; i++) {
        if (log->cores[i].count == 0) {
            continue; /* a stream has a packet, or is not there */
        }
        (void)snprintf(name, sizeof(name), "core%u", i);
        out = create(folder, name);
        is_fine = out != NULL;
        if (is_fine) {
            trace_ctf_stream(out, log, i);
            is_fine = finish(out, folder);
        }
    }
    return is_fine;
}
