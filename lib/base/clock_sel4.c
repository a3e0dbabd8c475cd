/* SPDX-License-Identifier: BSD-2-Clause */
/* On seL4: Microkit's kernels leave the physical counter to user level, not the virtual one. */
#include "lib/base/clock.h"

uint64_t clock_ticks(void)
{
    uint64_t ticks;
    /* Without the ISB the counter could be read ahead of what is being timed. */
    __asm__ volatile("isb\n\tmrs %0, cntpct_el0" : "=r"(ticks) : : "memory");
    return ticks;
}

uint32_t clock_hz(void)
{
    uint64_t hz;
    __asm__("mrs %0, cntfrq_el0" : "=r"(hz));
    /* Firmware that leaves it unset means a wrong unit of time, not a division by zero. */
    return (uint32_t)hz != 0 ? (uint32_t)hz : 1;
}
