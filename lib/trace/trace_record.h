/* SPDX-License-Identifier: BSD-2-Clause */
/** What struct sysdesc_trace_record keeps in one word, in parts and put together. */
#pragma once

#include <stdint.h>

#include "kernel/include/sysdesc.h"

/** The event's kind: enum sysdesc_trace_kind, or a newer one. */
static inline uint8_t trace_record_kind(const struct sysdesc_trace_record *record)
{
    return (uint8_t)(record->what >> SYSDESC_TRACE_KIND_SHIFT);
}

/** Whose event it is: a thread's number, or SYSDESC_TRACE_NOBODY. */
static inline uint8_t trace_record_thread(const struct sysdesc_trace_record *record)
{
    return (uint8_t)(record->what >> SYSDESC_TRACE_THREAD_SHIFT);
}

/** The 48 bits that its kind explains (trace_kind.h). */
static inline uint64_t trace_record_detail(const struct sysdesc_trace_record *record)
{
    return record->what & SYSDESC_TRACE_DETAIL_MASK;
}

/** The word; of `detail` the lower 48 bits. */
static inline uint64_t trace_record_what(uint8_t kind, uint8_t thread, uint64_t detail)
{
    return (uint64_t)kind << SYSDESC_TRACE_KIND_SHIFT | (uint64_t)thread << SYSDESC_TRACE_THREAD_SHIFT |
           (detail & SYSDESC_TRACE_DETAIL_MASK);
}
