/* SPDX-License-Identifier: BSD-2-Clause */
/** The format of a ring's records. Part of lib/ring: others see records through ring.h and ring_dma.h. */
#pragma once

#include <stdint.h>

#include "lib/ring/ring.h"

/**
 * A record, or padding in front of one: as many bytes as its header says, itself included, or 0: all up to
 * the end of the data area.
 */
enum record_kind { RECORD_DATA = 0x41544144, RECORD_PADDING = 0x20444150 };

/** In front of each record, in the ring. */
struct record_header {
    uint32_t kind;
    uint32_t length_bytes;
    uint64_t meta;
};
_Static_assert(sizeof(struct record_header) == RING_RECORD_HEADER_BYTES, "format of the ring");

/** What a record takes of the ring. */
static inline uint32_t record_span(uint32_t length_bytes)
{
    return (length_bytes + RING_RECORD_HEADER_BYTES + RING_RECORD_ALIGN - 1) & ~(RING_RECORD_ALIGN - 1);
}
