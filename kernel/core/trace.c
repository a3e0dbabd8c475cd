/* SPDX-License-Identifier: BSD-2-Clause */
/* The rings of events, one for each core: a reader on any core sees whole records, or that they are gone. */
#include "kernel/core/trace.h"

#include "kernel/core/notification.h"

void trace_init(struct kernel *kernel)
{
    const struct sysdesc *desc = kernel->desc;
    struct sysdesc_trace *trace = (struct sysdesc_trace *)(uintptr_t)desc->trace;

    for (uint32_t i = 0; desc->trace != 0 && i < desc->core_count; i++) {
        struct core_trace *own = &kernel->cores[i].trace;

        trace->cores[i] = (struct sysdesc_trace_core){0}; /* RAM has what was in it */
        own->count = &trace->cores[i];
        own->skip = &kernel->pds[desc->trace_pd].words[SYSDESC_TRACE_SKIP_WORD];
        own->mask = desc->trace_ring_bytes / sizeof(struct sysdesc_trace_record) - 1;
        own->records = (struct sysdesc_trace_record *)(uintptr_t)(desc->trace + SYSDESC_TRACE_HEADER_BYTES +
                                                                  i * desc->trace_ring_bytes);
    }
}

void trace_record(struct core *core, enum sysdesc_trace_kind kind, const struct thread *thread,
                  uint64_t detail)
{
    const struct core_trace *own = &core->trace;
    const uint64_t at = own->count->written;
    struct sysdesc_trace_record *record = &own->records[at & own->mask];

    if ((__atomic_load_n(own->skip, __ATOMIC_RELAXED) >> kind & 1) != 0) {
        return;
    }
    /* The count up to here is seen before what overwrites the oldest record: pairs with the reader's acquire between
       the record and the count. */
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&record->ticks, arch_now(), __ATOMIC_RELAXED);
    __atomic_store_n(&record->what,
                     (uint64_t)kind << SYSDESC_TRACE_KIND_SHIFT |
                         trace_number(thread) << SYSDESC_TRACE_THREAD_SHIFT |
                         (detail & SYSDESC_TRACE_DETAIL_MASK),
                     __ATOMIC_RELAXED);
    /* Pairs with the reader's acquire: what is counted is written. */
    __atomic_store_n(&own->count->written, at + 1, __ATOMIC_RELEASE);
}

void trace_tell(struct core *core)
{
    const struct sysdesc *desc = core->kernel->desc;

    if (core->trace.records != NULL) {
        notification_send(&core->kernel->pds[desc->trace_pd], 1ull << desc->trace_channel);
    }
}

enum syscall_status trace_mark(struct pd *pd, uint64_t number)
{
    struct core *core = pd->thread.core;

    if (core->trace.records == NULL) {
        return SYSCALL_DENIED;
    }
    trace_record(core, SYSDESC_TRACE_MARK, &pd->thread, number);
    if ((number & SYSCALL_TRACE_DEATH) != 0) {
        trace_tell(core);
    }
    return SYSCALL_OK;
}
