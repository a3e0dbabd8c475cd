/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The flight recorder: when a virtual machine or a protection domain dies, its last events are printed on the log, readable,
 * as they are in the kernel's rings. It is told by the kernel, and works on this PD's time.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/stats/platform_threads.h"
#include "pd/stats/trace_ring.h"

/** Events that are printed of one death. */
#define RECORDER_EVENTS 24u
/** How far back each core's ring is looked through for them. */
#define RECORDER_DEPTH 4096u
/** Deaths that are printed at one look; of more it is said how many. */
#define RECORDER_DEATHS 4u
#define RECORDER_LINE_BYTES 128u
#define RECORDER_THREADS 256u

/** What it needs of its platform. */
struct recorder_ops {
    void (*print)(void *context, const char *line); /**< a whole line, with its newline */
    bool (*thread)(void *context, uint32_t number, struct platform_thread *thread);
    uint64_t (*ticks)(void *context);
    uint32_t hz;
};

/** An event of one core. */
struct recorder_event {
    struct sysdesc_trace_record record;
    uint32_t core;
};

/** State. Set up with recorder_init(). */
struct recorder {
    const struct trace_rings *rings;
    const struct recorder_ops *ops;
    void *context;
    uint64_t seen[SYSDESC_MAX_CORES]; /**< records that were looked at for deaths */
    bool is_subject[RECORDER_THREADS];
    uint32_t pd_count;                             /**< which come before vCPUs */
    struct recorder_event events[RECORDER_EVENTS]; /**< the latest, oldest first */
    uint32_t event_count;
};

/** `rings` and `ops` have to outlive it. What has died before is past. */
void recorder_init(struct recorder *recorder, const struct trace_rings *rings, const struct recorder_ops *ops,
                   void *context);

/** Somebody may have died: print what is new. */
void recorder_look(struct recorder *recorder);
