/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What `causeway trace` asks the stats PD for, and what it gets (lib/trace/trace_wire.h).
 *
 * What goes over the line is itself made of interrupts, switches and notifications, more of them than fit on the line: so
 * nothing is recorded while the tool is given what was, and a ring has to hold the time that is looked at. The newest that it
 * holds are given; what was overwritten is counted.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/trace/trace_wire.h"
#include "pd/stats/platform_threads.h"
#include "pd/stats/trace_ring.h"

#define TRACER_LINE_BYTES 16u
/** Threads that are told of, whatever the platform says. */
#define TRACER_MAX_THREADS 256u

/** What it needs of its platform. */
struct tracer_ops {
    bool (*thread)(void *context, uint32_t number, struct platform_thread *thread);
    uint64_t (*ticks)(void *context);
    uint32_t hz;
};

enum tracer_state {
    TRACER_IDLE,
    TRACER_HELLO,   /**< next is HELLO */
    TRACER_THREADS, /**< next is a THREAD */
    TRACER_STARTED,
    TRACER_RECORDS,
    TRACER_END
};

/** State between messages. Set up with tracer_init(). */
struct tracer {
    const struct trace_rings *rings;
    const struct tracer_ops *ops;
    void *context;
    enum tracer_state state;
    bool is_last;    /**< it is about what is in the rings */
    bool is_stopped; /**< nothing was started that `stop` has not stopped */
    char line[TRACER_LINE_BYTES];
    uint32_t line_bytes;
    uint32_t thread;     /**< the next one */
    uint32_t vcpu_first; /**< number of the first vCPU among threads */
    uint32_t core;       /**< whose records are next */
    uint64_t next;       /**< of them */
    uint64_t ended;      /**< ticks */
    uint64_t from[SYSDESC_MAX_CORES], to[SYSDESC_MAX_CORES];
};

/** `rings` and `ops` have to outlive it. */
void tracer_init(struct tracer *tracer, const struct trace_rings *rings, const struct tracer_ops *ops,
                 void *context);

/** Another tool is there, or none: what was asked for is forgotten. */
void tracer_restart(struct tracer *tracer);

/** Bytes of the tool have come. */
void tracer_input(struct tracer *tracer, const char *text, uint32_t bytes);

/** The next message, as it goes over the channel; 0: there is none. */
uint32_t tracer_next(struct tracer *tracer, uint8_t wire[TRACE_WIRE_MESSAGE_BYTES]);
