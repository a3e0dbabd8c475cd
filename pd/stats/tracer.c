/* SPDX-License-Identifier: BSD-2-Clause */
/* The stats PD's end of `causeway trace`: a message at a time, as there is room. */
#include "pd/stats/tracer.h"

#include "lib/base/mem.h"

void tracer_init(struct tracer *tracer, const struct trace_rings *rings, const struct tracer_ops *ops,
                 void *context)
{
    *tracer = (struct tracer){.rings = rings, .ops = ops, .context = context, .is_stopped = true};
}

void tracer_restart(struct tracer *tracer)
{
    tracer->state = TRACER_IDLE;
    tracer->line_bytes = 0;
    tracer->is_stopped = true;
    trace_ring_pause(tracer->rings, false);
}

static void begin(struct tracer *tracer, bool is_last)
{
    tracer->is_last = is_last;
    tracer->is_stopped = false;
    tracer->thread = 0;
    tracer->vcpu_first = 0;
    tracer->state = TRACER_HELLO;
    for (uint32_t i = 0; i < tracer->rings->cores; i++) {
        tracer->from[i] =
            is_last ? trace_ring_oldest(tracer->rings, i) : trace_ring_written(tracer->rings, i);
    }
}

/* From here on there are no more than these. */
static void stop(struct tracer *tracer)
{
    trace_ring_pause(tracer->rings, true);
    tracer->ended = tracer->ops->ticks(tracer->context);
    for (uint32_t i = 0; i < tracer->rings->cores; i++) {
        tracer->to[i] = trace_ring_written(tracer->rings, i);
    }
    tracer->core = 0;
    tracer->next = tracer->from[0];
}

static bool is_line(const struct tracer *tracer, const char *text)
{
    return tracer->line_bytes == strlen(text) && memcmp(tracer->line, text, tracer->line_bytes) == 0;
}

static void take_line(struct tracer *tracer)
{
    if (is_line(tracer, "start") || is_line(tracer, "last")) {
        begin(tracer, is_line(tracer, "last"));
        trace_ring_pause(tracer->rings, false);
        if (tracer->is_last) {
            stop(tracer);
        }
    } else if (is_line(tracer, "stop") && !tracer->is_last && !tracer->is_stopped) {
        stop(tracer);
        tracer->is_stopped = true;
        tracer->state = tracer->state == TRACER_IDLE ? TRACER_RECORDS : tracer->state;
    }
}

void tracer_input(struct tracer *tracer, const char *text, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            take_line(tracer);
            tracer->line_bytes = 0;
        } else if (tracer->line_bytes < sizeof(tracer->line)) {
            tracer->line[tracer->line_bytes++] = text[i];
        }
    }
}

static void put_hello(struct tracer *tracer, struct trace_wire_message *message)
{
    trace_wire_begin(message, TRACE_WIRE_HELLO, 0);
    trace_wire_put_u32(message, TRACE_WIRE_VERSION);
    trace_wire_put_u32(message, tracer->ops->hz);
    trace_wire_put_u32(message, tracer->rings->cores);
    trace_wire_put_u32(message, tracer->rings->records);
    tracer->state = TRACER_THREADS;
}

/* False: there are no more. */
static bool put_thread(struct tracer *tracer, struct trace_wire_message *message)
{
    struct platform_thread thread;

    if (tracer->thread == TRACER_MAX_THREADS ||
        !tracer->ops->thread(tracer->context, tracer->thread, &thread)) {
        tracer->state = tracer->is_last ? TRACER_RECORDS : TRACER_STARTED;
        return false;
    }
    /* PDs come first. */
    tracer->vcpu_first = thread.is_vcpu ? tracer->vcpu_first : tracer->thread + 1;
    const uint32_t number =
        thread.is_vcpu ? SYSDESC_TRACE_VCPU_BASE + tracer->thread - tracer->vcpu_first : tracer->thread;
    const uint8_t about[] = {(uint8_t)number, thread.is_vcpu ? 1 : 0, (uint8_t)thread.core,
                             (uint8_t)thread.priority};
    trace_wire_begin(message, TRACE_WIRE_THREAD, 0);
    trace_wire_put(message, about, sizeof(about));
    trace_wire_put(message, thread.name, (uint32_t)strnlen(thread.name, sizeof(thread.name)));
    tracer->thread++;
    return true;
}

static void put_started(struct tracer *tracer, struct trace_wire_message *message)
{
    trace_wire_begin(message, TRACE_WIRE_STARTED, 0);
    trace_wire_put_u64(message, tracer->ops->ticks(tracer->context));
    tracer->state = tracer->is_stopped ? TRACER_RECORDS : TRACER_IDLE;
}

/* The next record that is there. False: this core has no more. */
static bool find(struct tracer *tracer, struct sysdesc_trace_record *record)
{
    const uint64_t oldest = trace_ring_oldest(tracer->rings, tracer->core);

    tracer->next = tracer->next < oldest ? oldest : tracer->next;
    while (tracer->next < tracer->to[tracer->core]) {
        if (trace_ring_read(tracer->rings, tracer->core, tracer->next, record)) {
            return true;
        }
        tracer->next++;
    }
    return false;
}

/* False: this core has no more. */
static bool put_records(struct tracer *tracer, struct trace_wire_message *message)
{
    struct sysdesc_trace_record record;
    uint64_t ticks;

    if (!find(tracer, &record)) {
        tracer->core++;
        if (tracer->core == tracer->rings->cores) {
            tracer->state = TRACER_END;
        } else {
            tracer->next = tracer->from[tracer->core];
        }
        return false;
    }
    ticks = record.ticks;
    trace_wire_begin(message, TRACE_WIRE_RECORDS, tracer->core);
    trace_wire_put_u64(message, tracer->next);
    trace_wire_put_u64(message, ticks);
    /* Those of a message are one after the other: a gap begins the next. */
    do {
        if (!trace_wire_put_record(message, &ticks, &record)) {
            return true;
        }
        tracer->next++;
    } while (tracer->next < tracer->to[tracer->core] &&
             trace_ring_read(tracer->rings, tracer->core, tracer->next, &record));
    return true;
}

static void put_end(struct tracer *tracer, struct trace_wire_message *message)
{
    trace_wire_begin(message, TRACE_WIRE_END, 0);
    trace_wire_put_u64(message, tracer->ended);
    for (uint32_t i = 0; i < tracer->rings->cores; i++) {
        trace_wire_put_u64(message, tracer->from[i]);
        trace_wire_put_u64(message, tracer->to[i]);
    }
    trace_ring_pause(tracer->rings, false);
    tracer->state = TRACER_IDLE;
}

/* False: the state has changed, and there is no message. */
static bool put_next(struct tracer *tracer, struct trace_wire_message *message)
{
    switch (tracer->state) {
    case TRACER_HELLO:
        put_hello(tracer, message);
        return true;
    case TRACER_THREADS:
        return put_thread(tracer, message);
    case TRACER_STARTED:
        put_started(tracer, message);
        return true;
    case TRACER_RECORDS:
        return put_records(tracer, message);
    default:
        put_end(tracer, message);
        return true;
    }
}

uint32_t tracer_next(struct tracer *tracer, uint8_t wire[TRACE_WIRE_MESSAGE_BYTES])
{
    struct trace_wire_message message;

    while (tracer->state != TRACER_IDLE) {
        if (put_next(tracer, &message)) {
            return trace_wire_encode(&message, wire);
        }
    }
    return 0;
}
