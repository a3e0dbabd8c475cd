/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the kernel's rings of events beside the kernel. */
#include "pd/stats/trace_ring.h"

#define BIT(kind) (UINT64_C(1) << (kind))
/* Few, and what may not be missed. */
#define ALWAYS                                                                                               \
    (BIT(SYSDESC_TRACE_START) | BIT(SYSDESC_TRACE_STOP) | BIT(SYSDESC_TRACE_FAULT) |                         \
     BIT(SYSDESC_TRACE_DIED) | BIT(SYSDESC_TRACE_MARK))

uint64_t trace_ring_written(const struct trace_rings *rings, uint32_t core)
{
    return __atomic_load_n(&rings->trace->cores[core].written, __ATOMIC_ACQUIRE);
}

uint64_t trace_ring_oldest(const struct trace_rings *rings, uint32_t core)
{
    const uint64_t written = trace_ring_written(rings, core);

    return written < rings->records ? 0 : written - rings->records + 1;
}

bool trace_ring_read(const struct trace_rings *rings, uint32_t core, uint64_t number,
                     struct sysdesc_trace_record *record)
{
    const uint64_t bytes = rings->records * sizeof(struct sysdesc_trace_record);
    const struct sysdesc_trace_record *ring =
        (const void *)((const uint8_t *)rings->trace + SYSDESC_TRACE_HEADER_BYTES + core * bytes);
    const struct sysdesc_trace_record *at = &ring[number & (rings->records - 1)];

    if (number >= trace_ring_written(rings, core)) {
        return false;
    }
    record->ticks = __atomic_load_n(&at->ticks, __ATOMIC_RELAXED);
    record->what = __atomic_load_n(&at->what, __ATOMIC_RELAXED);
    /* If any of that was of the next round, the count seen below has come to it: pairs with the kernel's release. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return trace_ring_written(rings, core) < number + rings->records;
}

void trace_ring_pause(const struct trace_rings *rings, bool paused)
{
    __atomic_store_n(rings->skip, paused ? ~ALWAYS : 0, __ATOMIC_RELAXED);
}
