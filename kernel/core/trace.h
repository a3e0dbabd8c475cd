/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Events: what happens on each core, in a ring of its own that one PD may read (struct sysdesc_trace). Where the
 * description asks for none, each place that has one costs a load and a branch that is not taken.
 */
#pragma once

#include "kernel/core/kernel.h"

/** The rings are there: set up by boot. */
void trace_init(struct kernel *kernel);

/** Add a record to the calling core's ring. `thread` NULL: nobody. */
void trace_record(struct core *core, enum sysdesc_trace_kind kind, const struct thread *thread,
                  uint64_t detail);

/** A thread's number in records; NULL: nobody's. */
static inline uint64_t trace_number(const struct thread *thread)
{
    return thread == NULL ? SYSDESC_TRACE_NOBODY : kernel_number(thread);
}

/** Somebody has died: tell the reader. */
void trace_tell(struct core *core);

/** SYSCALL_TRACE_MARK. */
enum syscall_status trace_mark(struct pd *pd, uint64_t number);

/** An event of `thread`, on the calling core. */
static inline void trace_event(struct core *core, enum sysdesc_trace_kind kind, const struct thread *thread,
                               uint64_t detail)
{
    if (__builtin_expect(core->trace.records != NULL, 0)) {
        trace_record(core, kind, thread, detail);
    }
}
