/* SPDX-License-Identifier: BSD-2-Clause */
/* Collects what a target says of its events. */
#include "console/trace_log.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/trace/trace_record.h"
#include "tool/base/mem.h"

static bool take_hello(struct trace_log *log, struct trace_wire_cursor cursor)
{
    uint32_t version;
    uint32_t hz;
    uint32_t cores;
    uint32_t records;

    if (log->is_greeted || !trace_wire_get_u32(&cursor, &version) || !trace_wire_get_u32(&cursor, &hz) ||
        !trace_wire_get_u32(&cursor, &cores) || !trace_wire_get_u32(&cursor, &records) ||
        version != TRACE_WIRE_VERSION || hz == 0 || cores == 0 || cores > SYSDESC_MAX_CORES ||
        records > SYSDESC_TRACE_MAX_RING_BYTES / SYSDESC_TRACE_RECORD_BYTES) {
        return false;
    }
    log->hz = hz;
    log->core_count = cores;
    log->ring_records = records;
    log->is_greeted = true;
    return true;
}

/* One word, whatever is in it. vCPUs of a machine have one name: they are told apart by their order. */
static void name_thread(struct trace_log *log, struct trace_log_thread *thread, const uint8_t *name,
                        size_t bytes)
{
    unsigned int before = 0;
    size_t length = 0;

    for (; length < bytes && name[length] != '\0'; length++) {
        thread->name[length] =
            (char)(isgraph(name[length]) != 0 && name[length] != '"' && name[length] != '\\' ? name[length]
                                                                                             : '?');
    }
    thread->name[length] = '\0';
    if (!thread->is_vcpu) {
        return;
    }
    for (const struct trace_log_thread *other = log->threads; other < thread; other++) {
        before += other->is_there && other->is_vcpu && strncmp(other->name, thread->name, length) == 0 &&
                  other->name[length] == '.';
    }
    (void)snprintf(&thread->name[length], sizeof(thread->name) - length, ".%u", before % TRACE_LOG_THREADS);
}

static bool take_thread(struct trace_log *log, struct trace_wire_cursor cursor)
{
    uint8_t number;
    uint8_t is_vcpu;
    uint8_t core;
    uint8_t priority;

    if (!trace_wire_get_u8(&cursor, &number) || !trace_wire_get_u8(&cursor, &is_vcpu) ||
        !trace_wire_get_u8(&cursor, &core) || !trace_wire_get_u8(&cursor, &priority)) {
        return false;
    }
    struct trace_log_thread *thread = &log->threads[number];
    const size_t bytes = (size_t)(cursor.end - cursor.at);

    if (thread->is_there || number == SYSDESC_TRACE_NOBODY || bytes == 0 || bytes > SYSDESC_NAME_BYTES) {
        return false;
    }
    *thread = (struct trace_log_thread){
        .is_there = true, .is_vcpu = is_vcpu != 0, .core = core, .priority = priority};
    name_thread(log, thread, cursor.at, bytes);
    return true;
}

static void add_event(struct trace_log_core *core, uint64_t number, const struct sysdesc_trace_record *record)
{
    core->events = mem_grow(core->events, core->count, sizeof(core->events[0]));
    core->events[core->count++] = (struct trace_log_event){.number = number,
                                                           .ticks = record->ticks,
                                                           .kind = trace_record_kind(record),
                                                           .thread = trace_record_thread(record),
                                                           .detail = trace_record_detail(record)};
}

/* Whether a record may come behind what a core has. */
static bool is_next(const struct trace_log *log, const struct trace_log_core *core, uint64_t number,
                    uint64_t ticks)
{
    const struct trace_log_event *last = core->count == 0 ? NULL : &core->events[core->count - 1];

    return core->count < log->ring_records &&
           (last == NULL || (number > last->number && ticks >= last->ticks));
}

static bool take_records(struct trace_log *log, uint32_t number, struct trace_wire_cursor cursor)
{
    struct sysdesc_trace_record record;
    uint64_t at;
    uint64_t ticks;

    if (!log->is_greeted || number >= log->core_count || !trace_wire_get_u64(&cursor, &at) ||
        !trace_wire_get_u64(&cursor, &ticks)) {
        return false;
    }
    struct trace_log_core *core = &log->cores[number];
    while (cursor.at != cursor.end) {
        if (!trace_wire_get_record(&cursor, &ticks, &record) || !is_next(log, core, at, ticks)) {
            return false;
        }
        add_event(core, at, &record);
        at++;
    }
    return true;
}

static bool take_end(struct trace_log *log, struct trace_wire_cursor cursor)
{
    if (!log->is_greeted || !trace_wire_get_u64(&cursor, &log->ended)) {
        return false;
    }
    for (uint32_t i = 0; i < log->core_count; i++) {
        struct trace_log_core *core = &log->cores[i];
        uint64_t from;
        uint64_t to;

        if (!trace_wire_get_u64(&cursor, &from) || !trace_wire_get_u64(&cursor, &to) || to < from ||
            (core->count > 0 &&
             (core->events[0].number < from || core->events[core->count - 1].number >= to))) {
            return false;
        }
        core->from = from;
        core->to = to;
    }
    log->is_ended = true;
    return true;
}

void trace_log_take(struct trace_log *log, const struct trace_wire_message *message)
{
    const struct trace_wire_cursor cursor = trace_wire_open(message);
    bool is_good = false;

    switch (log->is_ended ? 0 : message->type) {
    case TRACE_WIRE_HELLO:
        is_good = take_hello(log, cursor);
        break;
    case TRACE_WIRE_THREAD:
        is_good = take_thread(log, cursor);
        break;
    case TRACE_WIRE_STARTED:
        log->is_started = true;
        is_good = true;
        break;
    case TRACE_WIRE_RECORDS:
        is_good = take_records(log, message->core, cursor);
        break;
    case TRACE_WIRE_END:
        is_good = take_end(log, cursor);
        break;
    default:
        break;
    }
    log->refused += is_good ? 0 : 1;
}

uint64_t trace_log_lost(const struct trace_log_core *core)
{
    return core->to - core->from < core->count ? 0 : core->to - core->from - core->count;
}

size_t trace_log_count(const struct trace_log *log)
{
    size_t count = 0;

    for (uint32_t i = 0; i < log->core_count; i++) {
        count += log->cores[i].count;
    }
    return count;
}

const char *trace_log_name(const struct trace_log *log, uint8_t number, char text[TRACE_LOG_NAME_BYTES])
{
    if (log->threads[number].is_there) {
        return log->threads[number].name;
    }
    (void)snprintf(text, TRACE_LOG_NAME_BYTES, number == SYSDESC_TRACE_NOBODY ? "nobody" : "thread%u",
                   number);
    return text;
}

void trace_log_free(struct trace_log *log)
{
    for (uint32_t i = 0; i < SYSDESC_MAX_CORES; i++) {
        free(log->cores[i].events);
    }
    *log = (struct trace_log){0};
}
