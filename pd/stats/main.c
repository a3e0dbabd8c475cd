/* SPDX-License-Identifier: BSD-2-Clause */
/* The stats PD: console link and counters around stats.c. */
#include <microkit.h>
#include <stddef.h>

#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/ring/ring.h"
#include "pd/stats/platform_counters.h"
#include "pd/stats/stats.h"

const struct log_sink log_sink = {.name = microkit_name, .write = microkit_dbg_puts};

PD_CONFIG(stats_config, stats_config, STATS_CONFIG_SECTION) = {
    .header = {STATS_CONFIG_MAGIC, STATS_CONFIG_VERSION, 0, sizeof(struct stats_config), 0},
};

#define INPUT_BYTES 128u

static struct stats stats;
static struct ring console;

/* What the console does not take at once is dropped: a stats PD must not wait for its reader. */
static void print(void *context, const char *text, uint32_t bytes)
{
    (void)context;
    (void)ring_write(&console, text, bytes);
    if (ring_should_signal_data(&console)) {
        microkit_notify(stats_config.console.channel);
    }
}

static uint32_t counters(void *context, uint64_t values[STATS_COUNTER_MAX])
{
    (void)context;
    return platform_counters_read(values, STATS_COUNTER_MAX);
}

static uint64_t ticks(void *context)
{
    (void)context;
    return clock_ticks();
}

static const struct stats_ops ops = {.print = print, .counters = counters, .ticks = ticks};

static void take_input(void)
{
    char text[INPUT_BYTES];
    uint32_t bytes;

    do {
        while ((bytes = ring_read(&console, text, sizeof text)) != 0) {
            stats_input(&stats, text, bytes);
        }
    } while (ring_request_data(&console));
    if (ring_should_signal_space(&console)) {
        microkit_notify(stats_config.console.channel);
    }
}

void init(void)
{
    const struct config_link *link = &stats_config.console;

    if (!config_is_valid(&stats_config.header, STATS_CONFIG_MAGIC, STATS_CONFIG_VERSION,
                         sizeof stats_config) ||
        link->bytes == 0) {
        log_error("no configuration with a console");
        return;
    }
    const enum err err =
        ring_init(&console, (void *)(uintptr_t)link->own, (const void *)(uintptr_t)link->peer, link->bytes);
    if (err != ERR_OK) {
        log_error("console: %s", err_text(err));
        return;
    }
    stats_init(&stats, &stats_config, &ops, NULL);
    microkit_notify(link->channel);
    take_input();
}

void notified(microkit_channel channel)
{
    (void)channel;
    (void)ring_sync(&console);
    take_input();
}
