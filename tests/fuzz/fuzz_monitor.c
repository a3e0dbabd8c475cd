/* SPDX-License-Identifier: BSD-2-Clause */
/* Anything typed at the monitor. It writes to no region that it watches, and comes back to its prompt. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/vswitch_stats.h"
#include "pd/monitor/monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char tail[16]; /* of what was printed */

static void print(void *context, const char *text, uint32_t bytes)
{
    (void)context;
    for (uint32_t i = 0; i < bytes; i++) {
        memmove(tail, tail + 1, sizeof tail - 1);
        tail[sizeof tail - 1] = text[i];
    }
}

/* More than the monitor knows the names of. */
static uint32_t counters(void *context, uint64_t values[MONITOR_COUNTER_MAX])
{
    (void)context;
    memset(values, 0xff, MONITOR_COUNTER_MAX * sizeof values[0]);
    return MONITOR_COUNTER_MAX;
}

static uint64_t ticks(void *context)
{
    (void)context;
    return UINT64_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct monitor_ops ops = {.print = print, .counters = counters, .ticks = ticks};
    static const uint64_t region[8] = {1, 2, 3};
    static const struct vswitch_stats stats = {.values = {UINT64_MAX}};
    struct monitor_config config = {.region_count = 2, .switch_count = 1};
    struct monitor monitor;

    for (uint32_t i = 0; i < 2; i++) {
        config.regions[i].vaddr = (uint64_t)(uintptr_t)region; /* read-only: a store would end us */
        config.regions[i].bytes = sizeof region;
        /* A name that fills its field has no end. */
        memset(config.regions[i].name, i == 0 ? 'a' : 0, sizeof config.regions[i].name);
    }
    config.switches[0].stats = (uint64_t)(uintptr_t)&stats;
    memset(config.switches[0].name, 's', sizeof config.switches[0].name - 1);
    monitor_init(&monitor, &config, &ops, NULL);
    monitor_input(&monitor, (const char *)data, (uint32_t)size);
    monitor_input(&monitor, "\n\n", 2);
    if (memcmp(tail + sizeof tail - 9, "monitor> ", 9) != 0 || monitor.line_bytes >= MONITOR_LINE_BYTES) {
        abort();
    }
    return 0;
}
