/* SPDX-License-Identifier: BSD-2-Clause */
/** The counter of the generic timer, a PD's clock. Target only; logic that needs time gets it passed in. */
#pragma once

#include <stdint.h>

/** Counts up at clock_hz() since boot and never goes back. */
uint64_t clock_ticks(void);

/** CNTFRQ_EL0: ticks a second, never 0. */
uint32_t clock_hz(void);

/** The first time in ticks at which clock_milliseconds() says `ms`, or a little later. */
static inline uint64_t clock_ticks_of(uint64_t ms)
{
    const uint64_t hz = clock_hz();

    return ms / 1000 * hz + (ms % 1000 * hz + 999) / 1000;
}

/** clock_ticks() in milliseconds. */
static inline uint64_t clock_milliseconds(void)
{
    const uint64_t ticks = clock_ticks();
    const uint64_t hz = clock_hz();

    return ticks / hz * 1000 + ticks % hz * 1000 / hz;
}
