/* SPDX-License-Identifier: BSD-2-Clause */
/* On seL4 a PD has no right to ask about others' threads. */
#include "pd/stats/platform_threads.h"

bool platform_thread_read(uint32_t number, struct platform_thread *thread)
{
    (void)number;
    (void)thread;
    return false;
}

bool platform_core_read(uint32_t number, uint64_t counters[SYSCALL_COUNTER_COUNT])
{
    (void)number;
    (void)counters;
    return false;
}
