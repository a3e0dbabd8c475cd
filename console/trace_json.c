/* SPDX-License-Identifier: BSD-2-Clause */
/* Events as Chrome's trace viewer and Perfetto read them. */
#include <inttypes.h>

#include "console/trace_files.h"
#include "lib/trace/trace_kind.h"

/* "Processes" that lanes are grouped in. */
#define CORES 1u
#define PDS 2u
#define VCPUS 3u

/* A core's lane: who has run since when. */
struct lane {
    const struct trace_log *log;
    FILE *out;
    uint32_t core;
    bool is_known; /* who runs */
    uint8_t thread;
    uint64_t since;
};

/* In microseconds. */
static void put_time(FILE *out, const char *name, uint64_t ticks, uint32_t hz)
{
    const uint64_t nanoseconds = ticks / hz * 1000000000u + ticks % hz * 1000000000u / hz;

    fprintf(out, "\"%s\":%" PRIu64 ".%03" PRIu64, name, nanoseconds / 1000, nanoseconds % 1000);
}

static unsigned int group_of(const struct trace_log *log, uint8_t thread)
{
    return log->threads[thread].is_vcpu ? VCPUS : PDS;
}

static void write_name(FILE *out, const char *what, unsigned int group, unsigned int lane, const char *name,
                       const char *number)
{
    fprintf(out, ",\n{\"ph\":\"M\",\"pid\":%u,\"tid\":%u,\"name\":\"%s\",\"args\":{\"name\":\"%s%s\"}}",
            group, lane, what, name, number);
}

static void write_names(FILE *out, const struct trace_log *log)
{
    char number[16];

    fputs("{\"ph\":\"M\",\"pid\":1,\"tid\":0,\"name\":\"process_name\",\"args\":{\"name\":\"cores\"}}", out);
    write_name(out, "process_name", PDS, 0, "protection domains", "");
    write_name(out, "process_name", VCPUS, 0, "vCPUs", "");
    for (uint32_t i = 0; i < log->core_count; i++) {
        (void)snprintf(number, sizeof(number), "%u", i);
        write_name(out, "thread_name", CORES, i, "core ", number);
    }
    for (uint32_t i = 0; i < TRACE_LOG_THREADS; i++) {
        if (log->threads[i].is_there) {
            write_name(out, "thread_name", group_of(log, (uint8_t)i), i, log->threads[i].name, "");
        }
    }
}

static void write_slice(const struct lane *lane, unsigned int group, unsigned int number, const char *name,
                        uint64_t until)
{
    fprintf(lane->out, ",\n{\"ph\":\"X\",\"pid\":%u,\"tid\":%u,\"name\":\"%s\",", group, number, name);
    put_time(lane->out, "ts", lane->since, lane->log->hz);
    fputc(',', lane->out);
    put_time(lane->out, "dur", until - lane->since, lane->log->hz);
    fprintf(lane->out, ",\"args\":{\"core\":%u}}", lane->core);
}

/* Who ran has stopped. */
static void end_slice(struct lane *lane, uint64_t until)
{
    char text[TRACE_LOG_NAME_BYTES];

    if (lane->is_known && lane->thread != SYSDESC_TRACE_NOBODY) {
        write_slice(lane, CORES, lane->core, trace_log_name(lane->log, lane->thread, text), until);
        write_slice(lane, group_of(lane->log, lane->thread), lane->thread, "runs", until);
    }
    lane->is_known = false;
}

static void write_detail(const struct lane *lane, const struct trace_log_event *event)
{
    const struct trace_kind *kind = trace_kind_of(event->kind);
    char text[TRACE_LOG_NAME_BYTES];

    fprintf(lane->out, "\"args\":{\"core\":%u", lane->core);
    switch (kind->detail) {
    case TRACE_DETAIL_NONE:
        break;
    case TRACE_DETAIL_ADDRESS:
        fprintf(lane->out, ",\"%s\":\"0x%" PRIx64 "\",\"access\":\"%s\"", kind->detail_name,
                (uint64_t)(event->detail & ~SYSDESC_TRACE_STORE),
                (event->detail & SYSDESC_TRACE_STORE) != 0 ? "store" : "load");
        break;
    case TRACE_DETAIL_HEX:
        fprintf(lane->out, ",\"%s\":\"0x%" PRIx64 "\"", kind->detail_name, event->detail);
        break;
    case TRACE_DETAIL_NUMBER:
        fprintf(lane->out, ",\"%s\":%" PRIu64, kind->detail_name, event->detail);
        break;
    case TRACE_DETAIL_THREAD:
    case TRACE_DETAIL_CHANNEL:
        fprintf(lane->out, ",\"%s\":\"%s\"", kind->detail_name,
                trace_log_name(lane->log, event->detail & 0xff, text));
        break;
    }
    fputs("}}", lane->out);
}

static void write_instant(const struct lane *lane, const struct trace_log_event *event)
{
    const bool has_lane = lane->log->threads[event->thread].is_there;

    fprintf(lane->out, ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":%u,\"tid\":%u,\"name\":\"%s\",",
            has_lane ? group_of(lane->log, event->thread) : CORES, has_lane ? event->thread : lane->core,
            trace_kind_of(event->kind)->name);
    put_time(lane->out, "ts", event->ticks, lane->log->hz);
    fputc(',', lane->out);
    write_detail(lane, event);
}

static void write_lost(const struct lane *lane, uint64_t ticks, uint64_t count)
{
    fprintf(lane->out,
            ",\n{\"ph\":\"i\",\"s\":\"t\",\"pid\":%u,\"tid\":%u,\"name\":\"%" PRIu64 " events lost\",", CORES,
            lane->core, count);
    put_time(lane->out, "ts", ticks, lane->log->hz);
    fputs("}", lane->out);
}

/* Who ran before the first switch that is seen is what that says. */
static void take_switch(struct lane *lane, const struct trace_log_event *event, uint64_t first)
{
    if (!lane->is_known) {
        lane->thread = event->detail & 0xff;
        lane->since = first;
        lane->is_known = true;
    }
    end_slice(lane, event->ticks);
    lane->thread = event->thread;
    lane->since = event->ticks;
    lane->is_known = true;
}

static void write_core(FILE *out, const struct trace_log *log, uint32_t number)
{
    const struct trace_log_core *core = &log->cores[number];
    struct lane lane = {.log = log, .out = out, .core = number};
    uint64_t expected = core->from;
    uint64_t first = core->count > 0 ? core->events[0].ticks : 0; /* since when nothing is missing */
    uint64_t last = first;

    for (size_t i = 0; i < core->count; i++) {
        const struct trace_log_event *event = &core->events[i];

        if (event->number != expected) {
            end_slice(&lane, last);
            write_lost(&lane, event->ticks, event->number - expected);
            first = event->ticks;
        }
        if (event->kind == SYSDESC_TRACE_SWITCH) {
            take_switch(&lane, event, first);
        } else {
            write_instant(&lane, event);
        }
        expected = event->number + 1;
        last = event->ticks;
    }
    const bool is_whole = log->is_ended && expected == core->to && log->ended > last;
    end_slice(&lane, is_whole ? log->ended : last);
    if (log->is_ended && expected < core->to) {
        write_lost(&lane, last, core->to - expected);
    }
}

void trace_json_write(FILE *out, const struct trace_log *log)
{
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n", out);
    write_names(out, log);
    for (uint32_t i = 0; i < log->core_count; i++) {
        write_core(out, log, i);
    }
    fputs("\n]}\n", out);
}
