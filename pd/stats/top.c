/* SPDX-License-Identifier: BSD-2-Clause */
/* What `causeway top` asks the stats PD, and what it answers. */
#include "pd/stats/top.h"

#include "lib/base/format.h"
#include "lib/base/mem.h"
#include "lib/config/vswitch_stats.h"
#include "pd/stats/names.h"

#define PRINT_BYTES 160u

static void print(struct top *top, const char *text)
{
    top->ops->print(top->context, text, (uint32_t)strlen(text));
}

static void print_number(struct top *top, uint64_t value)
{
    char text[24];

    (void)format_print(text, sizeof(text), " %llu", (unsigned long long)value);
    print(top, text);
}

static void print_names(struct top *top, const char *kind, const char *const *names, uint32_t count)
{
    print(top, "of ");
    print(top, kind);
    for (uint32_t i = 0; i < count; i++) {
        print(top, " ");
        print(top, names[i]);
    }
    print(top, "\n");
}

/* A name is one field, whatever is in it. */
static void print_name(struct top *top, const char *name, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes && name[i] != '\0'; i++) {
        const char c = name[i] > ' ' && name[i] < 0x7f ? name[i] : '?';

        top->ops->print(top->context, &c, 1);
    }
}

static void print_counters(struct top *top, const uint64_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        print_number(top, __atomic_load_n(&values[i], __ATOMIC_RELAXED));
    }
    print(top, "\n");
}

static void show_threads(struct top *top)
{
    struct platform_thread thread;
    uint64_t counters[SYSCALL_COUNTER_COUNT];
    char text[PRINT_BYTES];

    for (uint32_t i = 0; i < TOP_MAX_CORES && top->ops->core(top->context, i, counters); i++) {
        if (i == 0) {
            print_names(top, "core", names_of_counters, SYSCALL_COUNTER_COUNT);
        }
        (void)format_print(text, sizeof(text), "core %u", i);
        print(top, text);
        print_counters(top, counters, SYSCALL_COUNTER_COUNT);
    }
    for (uint32_t i = 0; i < TOP_MAX_THREADS && top->ops->thread(top->context, i, &thread); i++) {
        if (i == 0) {
            print_names(top, "thread", names_of_counters, SYSCALL_COUNTER_COUNT);
        }
        print(top, "thread ");
        print_name(top, thread.name, sizeof(thread.name));
        (void)format_print(text, sizeof(text), " %s %u %u", thread.is_vcpu ? "vcpu" : "pd", thread.core,
                           thread.priority);
        print(top, text);
        print_counters(top, thread.counters, SYSCALL_COUNTER_COUNT);
    }
}

static void show_switches(struct top *top)
{
    for (uint32_t i = 0; i < top->config->switch_count && i < STATS_CONFIG_MAX_SWITCHES; i++) {
        const struct stats_switch_config *lan = &top->config->switches[i];
        const struct vswitch_stats *counted = (const struct vswitch_stats *)(uintptr_t)lan->stats;

        if (i == 0) {
            print_names(top, "switch", names_of_switch_stats, VSWITCH_STAT_COUNT);
        }
        print(top, "switch ");
        print_name(top, lan->name, sizeof(lan->name));
        print_counters(top, counted->values, VSWITCH_STAT_COUNT);
    }
}

static void show_ports(struct top *top)
{
    bool any = false;

    for (uint32_t i = 0; i < top->config->switch_count && i < STATS_CONFIG_MAX_SWITCHES; i++) {
        const struct stats_switch_config *lan = &top->config->switches[i];
        const struct vswitch_stats *counted = (const struct vswitch_stats *)(uintptr_t)lan->stats;
        const uint32_t count = __atomic_load_n(&counted->port_count, __ATOMIC_RELAXED);

        for (uint32_t port = 0; port < count && port < VSWITCH_CONFIG_MAX_PORTS; port++) {
            if (!any) {
                print_names(top, "port", names_of_port_counters, NAMES_OF_PORT_COUNTERS);
            }
            any = true;
            print(top, "port ");
            print_name(top, lan->name, sizeof(lan->name));
            print(top, " ");
            print_name(top, counted->ports[port].name, sizeof(counted->ports[port].name));
            print_counters(top, (const uint64_t *)&counted->ports[port].counters, NAMES_OF_PORT_COUNTERS);
        }
    }
}

void top_init(struct top *top, const struct stats_config *config, const struct top_ops *ops, void *context)
{
    *top = (struct top){.config = config, .ops = ops, .context = context};
}

void top_restart(struct top *top)
{
    top->line_bytes = 0;
    top->asked = 0;
}

void top_input(struct top *top, const char *text, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (text[i] == '\n') {
            const bool fits = top->line_bytes < sizeof(top->line);

            top->asked += fits && top->line_bytes == sizeof(TOP_QUESTION) - 1 &&
                          memcmp(top->line, TOP_QUESTION, sizeof(TOP_QUESTION) - 1) == 0;
            top->line_bytes = 0;
        } else if (top->line_bytes < sizeof(top->line)) {
            top->line[top->line_bytes++] = text[i];
        }
    }
}

bool top_is_asked(const struct top *top)
{
    return top->asked > 0;
}

void top_answer(struct top *top)
{
    char text[PRINT_BYTES];

    top->asked = 0;
    top->count++;
    (void)format_print(text, sizeof(text), "begin %u\ntime %llu %u\n", top->count,
                       (unsigned long long)top->ops->ticks(top->context), top->ops->hz);
    print(top, text);
    show_threads(top);
    show_switches(top);
    show_ports(top);
    (void)format_print(text, sizeof(text), "end %u\n", top->count);
    print(top, text);
}
