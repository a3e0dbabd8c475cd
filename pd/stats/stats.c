/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/stats/stats.h"

#include "lib/base/format.h"
#include "lib/base/mem.h"
#include "lib/config/vswitch_stats.h"
#include "pd/stats/names.h"
#include "pd/stats/platform_counters.h"

#define PRINT_BYTES 128u

static void print(struct stats *stats, const char *text)
{
    stats->ops->print(stats->context, text, (uint32_t)strlen(text));
}

static void show_switch(struct stats *stats, const struct stats_switch_config *lan)
{
    const struct vswitch_stats *counted = (const struct vswitch_stats *)(uintptr_t)lan->stats;
    char line[PRINT_BYTES];

    for (unsigned int i = 0; i < VSWITCH_STAT_COUNT; i++) {
        const uint64_t value = __atomic_load_n(&counted->values[i], __ATOMIC_RELAXED);

        (void)format_print(line, sizeof line, "%s.%s %llu\r\n", lan->name, names_of_switch_stats[i],
                           (unsigned long long)value);
        print(stats, line);
    }
}

/* What a port counted; what never happened is left out. */
static void show_port(struct stats *stats, const char *lan, const struct vswitch_port_stats *port)
{
    const uint64_t *counted = (const uint64_t *)&port->counters;
    char line[PRINT_BYTES];

    for (unsigned int i = 0; i < NAMES_OF_PORT_COUNTERS; i++) {
        const uint64_t value = __atomic_load_n(&counted[i], __ATOMIC_RELAXED);

        if (value != 0) {
            (void)format_print(line, sizeof line, "%s.%.*s.%s %llu\r\n", lan, (int)sizeof port->name - 1,
                               port->name, names_of_port_counters[i], (unsigned long long)value);
            print(stats, line);
        }
    }
}

/* All switches' ports. */
static void show_ports(struct stats *stats)
{
    for (uint32_t i = 0; i < stats->config->switch_count && i < STATS_CONFIG_MAX_SWITCHES; i++) {
        const struct stats_switch_config *lan = &stats->config->switches[i];
        const struct vswitch_stats *counted = (const struct vswitch_stats *)(uintptr_t)lan->stats;
        const uint32_t count = __atomic_load_n(&counted->port_count, __ATOMIC_RELAXED);

        for (uint32_t port = 0; port < count && port < VSWITCH_CONFIG_MAX_PORTS; port++) {
            show_port(stats, lan->name, &counted->ports[port]);
        }
    }
    print(stats, "end\r\n");
}

static void show_counters(struct stats *stats)
{
    uint64_t values[STATS_COUNTER_MAX] = {0};
    char line[PRINT_BYTES];
    uint32_t count = 0;

    count = stats->ops->counters(stats->context, values);
    for (uint32_t i = 0; i < count && i < PLATFORM_COUNTER_COUNT; i++) {
        if (values[i] == PLATFORM_COUNTER_ABSENT) {
            continue;
        }
        (void)format_print(line, sizeof line, "%s %llu\r\n", names_of_counters[i],
                           (unsigned long long)values[i]);
        print(stats, line);
    }
    for (uint32_t i = 0; i < stats->config->switch_count && i < STATS_CONFIG_MAX_SWITCHES; i++) {
        show_switch(stats, &stats->config->switches[i]);
    }
    (void)format_print(line, sizeof line, "ticks %llu\r\n",
                       (unsigned long long)stats->ops->ticks(stats->context));
    print(stats, line);
    print(stats, "end\r\n");
}

/* FNV-1a over 64-bit words: any store to the region shows. */
static uint64_t sum(const struct stats_region_config *region)
{
    const volatile uint64_t *words = (const volatile uint64_t *)(uintptr_t)region->vaddr;
    uint64_t hash = 0xcbf29ce484222325ull;

    for (uint64_t i = 0; i < region->bytes / sizeof words[0]; i++) {
        hash = (hash ^ words[i]) * 0x100000001b3ull;
    }
    return hash;
}

/* All regions, or the one called `name`. */
static void show_sums(struct stats *stats, const char *name)
{
    char line[PRINT_BYTES];

    for (uint32_t i = 0; i < stats->config->region_count && i < STATS_CONFIG_MAX_REGIONS; i++) {
        const struct stats_region_config *region = &stats->config->regions[i];

        if (name == NULL || strncmp(name, region->name, sizeof region->name) == 0) {
            (void)format_print(line, sizeof line, "%s %llx\r\n", region->name,
                               (unsigned long long)sum(region));
            print(stats, line);
        }
    }
    print(stats, "end\r\n");
}

static void run(struct stats *stats)
{
    stats->line[stats->line_bytes] = '\0';
    print(stats, "\r\n");
    if (strcmp(stats->line, "counters") == 0) {
        show_counters(stats);
    } else if (strcmp(stats->line, "ports") == 0) {
        show_ports(stats);
    } else if (strcmp(stats->line, "sums") == 0) {
        show_sums(stats, NULL);
    } else if (strncmp(stats->line, "sum ", 4) == 0) {
        show_sums(stats, stats->line + 4);
    } else if (stats->line_bytes != 0) {
        print(stats, "counters: what kernel and switches have counted\r\nports: what switches have counted "
                     "at each port\r\nsums: a checksum of each region\r\n"
                     "sum NAME: of one region\r\n");
    }
    stats->line_bytes = 0;
    print(stats, "stats> ");
}

void stats_init(struct stats *stats, const struct stats_config *config, const struct stats_ops *ops,
                void *context)
{
    *stats = (struct stats){.config = config, .ops = ops, .context = context};
    print(stats, "stats> ");
}

void stats_input(struct stats *stats, const char *text, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (text[i] == '\r' || text[i] == '\n') {
            run(stats);
        } else if (stats->line_bytes + 1 < STATS_LINE_BYTES) {
            stats->line[stats->line_bytes++] = text[i];
            stats->ops->print(stats->context, &text[i], 1);
        }
    }
}
