/* SPDX-License-Identifier: BSD-2-Clause */
/* Anything typed at the stats PD. It writes to no region that it watches, and comes back to its prompt. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/config/vswitch_stats.h"
#include "pd/stats/stats.h"

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

/* More than the stats PD knows the names of. */
static uint32_t counters(void *context, uint64_t values[STATS_COUNTER_MAX])
{
    (void)context;
    memset(values, 0xff, STATS_COUNTER_MAX * sizeof values[0]);
    return STATS_COUNTER_MAX;
}

static uint64_t ticks(void *context)
{
    (void)context;
    return UINT64_MAX;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct stats_ops ops = {.print = print, .counters = counters, .ticks = ticks};
    static const uint64_t region[8] = {1, 2, 3};
    static struct vswitch_stats counted = {.values = {UINT64_MAX}, .port_count = UINT32_MAX};
    struct stats_config config = {.region_count = 2, .switch_count = 1};
    struct stats stats;

    for (uint32_t i = 0; i < 2; i++) {
        config.regions[i].vaddr = (uint64_t)(uintptr_t)region; /* read-only: a store would end us */
        config.regions[i].bytes = sizeof region;
        /* A name that fills its field has no end. */
        memset(config.regions[i].name, i == 0 ? 'a' : 0, sizeof config.regions[i].name);
    }
    config.switches[0].stats = (uint64_t)(uintptr_t)&counted;
    memset(counted.ports, 'p', sizeof counted.ports);
    memset(config.switches[0].name, 's', sizeof config.switches[0].name - 1);
    stats_init(&stats, &config, &ops, NULL);
    stats_input(&stats, (const char *)data, (uint32_t)size);
    stats_input(&stats, "\n\n", 2);
    if (memcmp(tail + sizeof tail - 7, "stats> ", 7) != 0 || stats.line_bytes >= STATS_LINE_BYTES) {
        abort();
    }
    return 0;
}
