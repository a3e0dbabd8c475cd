/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Memory that somebody else may write at any time. Included before the source under proof.
 *
 * The peer's memory is `area[0 .. area_bytes)`, of any size. Nothing is ever kept there: a load gives any
 * value, a new one each time, so whatever the peer does between two accesses is covered, on any memory model;
 * a store is forgotten. What is proved of each access is that it lies in the area, and is aligned if it is
 * atomic.
 */
#pragma once

#include "proofs/cbmc.h"

/** Largest area: the physical address space of the boards. */
#define AREA_MAX (1ull << 36)
/** What an area is aligned to: all regions start on a page. */
#define AREA_ALIGN 4096u

/** The peer's memory, see area_make(). */
static uint8_t *area;
/** Its size. */
static uint64_t area_bytes;

/** An area of any size. */
static inline void area_make(void)
{
    area_bytes = nondet_u64();
    ASSUME(area_bytes > 0 && area_bytes <= AREA_MAX);
    area = malloc(area_bytes);
    ASSUME(area != NULL && ((uintptr_t)area & (AREA_ALIGN - 1)) == 0);
}

/** Whether the `bytes` at `at` all lie in the area. */
static inline bool area_has(const void *at, uint64_t bytes)
{
    return OBJECT(at) == OBJECT(area) && OFFSET(at) <= area_bytes && bytes <= area_bytes - OFFSET(at);
}

/** An atomic load of 1, 2, 4 or 8 bytes. */
static inline uint64_t area_load(const void *at, uint64_t bytes)
{
    PROVE(area_has(at, bytes), "load inside the area");
    PROVE((OFFSET(at) & (bytes - 1)) == 0, "load aligned");
    return nondet_u64();
}

/** An atomic store of 1, 2, 4 or 8 bytes. */
static inline void area_store(const void *at, uint64_t bytes)
{
    PROVE(area_has(at, bytes), "store inside the area");
    PROVE((OFFSET(at) & (bytes - 1)) == 0, "store aligned");
}

#define __atomic_load_n(p, order) ((__typeof__(*(p)))area_load(p, sizeof(*(p))))
#define __atomic_store_n(p, value, order) ((void)(value), area_store(p, sizeof(*(p))))
#define __atomic_thread_fence(order) ((void)0)
