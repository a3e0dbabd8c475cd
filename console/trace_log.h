/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What `causeway trace` has been told (lib/trace/trace_wire.h), checked: the target is a peer that may say anything. Threads have
 * names that are one word each, records of a core are in order of number and time, and are no more than its ring holds.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/trace/trace_wire.h"

#define TRACE_LOG_THREADS 256u
#define TRACE_LOG_NAME_BYTES (SYSDESC_NAME_BYTES + 8u)

/** A thread, by its number in records. */
struct trace_log_thread {
    bool is_there, is_vcpu;
    uint8_t core, priority;
    char name[TRACE_LOG_NAME_BYTES]; /**< of a vCPU: its machine's, a dot and its number */
};

/** A record. */
struct trace_log_event {
    uint64_t number; /**< of its core, from 0; a gap: records were lost */
    uint64_t ticks;
    uint8_t kind;
    uint8_t thread;
    uint64_t detail;
};

/** What a core has recorded. */
struct trace_log_core {
    struct trace_log_event *events; /**< owned */
    size_t count;
    uint64_t from, to; /**< the numbers of those that there were, by the target's word */
};

struct trace_log {
    bool is_greeted, is_started, is_ended;
    uint32_t hz, core_count, ring_records;
    uint64_t ended;   /**< ticks */
    uint64_t refused; /**< messages that made no sense */
    struct trace_log_thread threads[TRACE_LOG_THREADS];
    struct trace_log_core cores[SYSDESC_MAX_CORES];
};

/** Take a message. It is as if one that makes no sense had not come, but that it is counted. */
void trace_log_take(struct trace_log *log, const struct trace_wire_message *message);

/** Records that a core has written and that are not here. */
uint64_t trace_log_lost(const struct trace_log_core *core);

/** Of the events of all cores. */
size_t trace_log_count(const struct trace_log *log);

/** The name of thread `number`; `text` has room for one that has none. */
const char *trace_log_name(const struct trace_log *log, uint8_t number, char text[TRACE_LOG_NAME_BYTES]);

/** Free what it owns. */
void trace_log_free(struct trace_log *log);
