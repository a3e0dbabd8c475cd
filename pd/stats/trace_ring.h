/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The kernel's rings of events (struct sysdesc_trace), read while the kernel writes them: a record is whole, or it is said
 * to be gone.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/include/sysdesc.h"

/** Where they are. */
struct trace_rings {
    const struct sysdesc_trace *trace; /**< mapped read-only; NULL: there are none */
    uint32_t cores;
    uint32_t records; /**< of each core's ring, a power of two */
    uint64_t *skip;   /**< the word of this PD's that says what the kernel leaves out */
};

/** How many records core `core` has written since it started. */
uint64_t trace_ring_written(const struct trace_rings *rings, uint32_t core);

/** The oldest one that may be there yet. */
uint64_t trace_ring_oldest(const struct trace_rings *rings, uint32_t core);

/** Read record `number` of a core. False: it is gone, or not written yet. */
bool trace_ring_read(const struct trace_rings *rings, uint32_t core, uint64_t number,
                     struct sysdesc_trace_record *record);

/** Have nothing recorded but deaths, starts and stops, or all again. Another core may be at its last record. */
void trace_ring_pause(const struct trace_rings *rings, bool paused);
