/* SPDX-License-Identifier: BSD-2-Clause */
#include <microkit.h>

#include "kernel/include/syscall.h"
#include "microkit/bundled/libmicrokit.h"
#include "pd/stats/platform_counters.h"

uint32_t platform_counters_read(uint64_t *values, uint32_t capacity)
{
    (void)libmicrokit_call(SYSCALL_COUNTERS, 0, 0, 0, 0);
    for (uint32_t i = 0; i < SYSCALL_COUNTER_COUNT && i < capacity; i++) {
        values[i] = microkit_mr_get((seL4_Uint8)i);
    }
    return SYSCALL_COUNTER_COUNT;
}
