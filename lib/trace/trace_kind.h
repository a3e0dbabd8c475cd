/* SPDX-License-Identifier: BSD-2-Clause */
/** Events of the kernel (enum sysdesc_trace_kind) in words: what each is called, and what its detail is. */
#pragma once

#include <stdint.h>

#include "kernel/include/sysdesc.h"

/** What the 48 bits of a record's detail are. */
enum trace_detail {
    TRACE_DETAIL_NONE,
    TRACE_DETAIL_ADDRESS, /**< GPA, and SYSDESC_TRACE_STORE */
    TRACE_DETAIL_HEX,     /**< PC, function id, syndrome */
    TRACE_DETAIL_NUMBER,  /**< INTID, label */
    TRACE_DETAIL_THREAD,  /**< a thread's number */
    TRACE_DETAIL_CHANNEL  /**< a thread's number, and << 8 a channel of it */
};

struct trace_kind {
    const char *name; /**< "exit_mmio"; the same everywhere */
    enum trace_detail detail;
    const char *detail_name; /**< "address", NULL: none */
};

/** Of an event; unknown kinds are "event" with a number in hex. */
const struct trace_kind *trace_kind_of(uint32_t kind);
