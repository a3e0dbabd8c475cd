/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/monitor/platform_counters.h"

/* seL4 counts nothing of the kind outside its benchmark configuration. */
uint32_t platform_counters_read(uint64_t *values, uint32_t capacity)
{
    (void)values;
    (void)capacity;
    return 0;
}
