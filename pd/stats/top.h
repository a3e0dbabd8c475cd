/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What `causeway top` asks the stats PD, and what it answers.
 *
 * Over the channel `top` (lib/config/serial_config.h) comes a line, `top`, and goes one answer for all who listen.
 * Lines end with a newline, fields are separated by a blank; numbers are decimal, counted since the start:
 *
 *     begin N                     the N-th answer
 *     time TICKS HZ               now
 *     of KIND NAME ...            what the numbers of lines KIND are called
 *     core N ...                  one for each core
 *     thread NAME KIND CORE PRIORITY ...     one for each PD (KIND pd) and vCPU (vcpu)
 *     switch NAME ...
 *     port SWITCH NAME ...        one for each port, also if two have one name
 *     end N
 *
 * An answer that has no end, or that others' bytes are in, is dropped by whoever reads it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/stats_config.h"
#include "pd/stats/platform_threads.h"

#define TOP_QUESTION "top"
#define TOP_QUESTION_BYTES 16u
/** Threads and cores that are asked for, whatever the platform says. */
#define TOP_MAX_THREADS 256u
#define TOP_MAX_CORES 16u

/** What it needs of its platform. */
struct top_ops {
    void (*print)(void *context, const char *text, uint32_t bytes);
    bool (*thread)(void *context, uint32_t number, struct platform_thread *thread);
    bool (*core)(void *context, uint32_t number, uint64_t counters[SYSCALL_COUNTER_COUNT]);
    uint64_t (*ticks)(void *context);
    uint32_t hz;
};

/** State between bytes. Set up with top_init(). */
struct top {
    const struct stats_config *config;
    const struct top_ops *ops;
    void *context;
    char line[TOP_QUESTION_BYTES];
    uint32_t line_bytes;
    uint32_t asked; /**< answers that are due */
    uint32_t count; /**< answers so far */
};

/** `config` and `ops` have to outlive it. */
void top_init(struct top *top, const struct stats_config *config, const struct top_ops *ops, void *context);

/** Bytes of tools have come. */
void top_input(struct top *top, const char *text, uint32_t bytes);

/** Another tool is there, or none: what was asked before is forgotten. */
void top_restart(struct top *top);

/** Whether an answer is due. However often it was asked for meanwhile, one will do. */
bool top_is_asked(const struct top *top);

/** Answer. */
void top_answer(struct top *top);
