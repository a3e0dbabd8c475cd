/* SPDX-License-Identifier: BSD-2-Clause */
/* <stats>: a PD with a command line that shows counters and sums up regions. */
#include <string.h>

#include "kernel/include/sysdesc.h"
#include "lib/config/stats_config.h"
#include "tool/expand/expand.h"

static void add_region(struct expand *expand, const struct node *node, struct model_pd *pd,
                       struct stats_config *config)
{
    const struct desc_watch *desc = node->fields;
    struct model_mr *mr = desc->mr == NULL ? NULL : model_find_mr(expand->model, desc->mr);
    struct stats_region_config *region = &config->regions[config->region_count];

    if (desc->mr == NULL) {
        return;
    }
    if (mr == NULL && expand_mr_is_off(expand, node, desc->mr)) {
        return;
    }
    if (mr == NULL) {
        expand_report_unknown(expand, node, "mr", "memory region", desc->mr, "");
        return;
    }
    if (config->region_count == STATS_CONFIG_MAX_REGIONS) {
        diag_error(expand->diag, node->loc, "<watch>: a stats PD watches at most %u regions",
                   STATS_CONFIG_MAX_REGIONS);
        return;
    }
    region->vaddr = expand_free_vaddr(pd, EXPAND_LARGE_BASE, mr->size_bytes, MODEL_LARGE_PAGE_BYTES);
    region->bytes = mr->size_bytes;
    strncpy(region->name, mr->name, sizeof(region->name) - 1);
    (void)model_add_pd_map(pd, mr, region->vaddr, MODEL_READ);
    config->region_count++;
}

/* The stats PD shows what every switch counts. */
static void add_switches(struct expand *expand, struct model_pd *pd, struct stats_config *config)
{
    for (size_t i = 0; i < expand->switch_count && i < STATS_CONFIG_MAX_SWITCHES; i++) {
        struct stats_switch_config *row = &config->switches[config->switch_count++];

        memcpy(row->name, expand->switches[i].config.name, sizeof(row->name));
        row->stats = expand_switch_stats(expand, &expand->switches[i], pd);
    }
}

/* The kernel's rings of events. How many there are is known when all cores are: expand_stats_finish(). */
static void add_trace(struct expand *expand, const struct node *node, struct model_pd *pd,
                      struct stats_config *config)
{
    const struct desc_stats *desc = node->fields;
    const uint32_t cores = model_core_count(expand->model);
    struct model_mr *rings;

    if (!desc->trace) {
        return;
    }
    if (expand->options->microkit) {
        diag_error(expand->diag, node_loc(node, "trace"),
                   "<stats>: trace=\"true\" is for the bundled kernel; seL4's records no events that a "
                   "protection domain "
                   "can read");
        return;
    }
    if (!expand_channel_id(expand, pd, node->loc, &config->trace_channel)) {
        return;
    }
    rings = model_add_mr(expand->model, "kernel_events", node->loc);
    rings->kind = MODEL_MR_TRACE;
    rings->size_bytes = SYSDESC_TRACE_HEADER_BYTES + cores * desc->trace_bytes;
    config->trace = expand_free_vaddr(pd, EXPAND_LARGE_BASE, rings->size_bytes, MODEL_LARGE_PAGE_BYTES);
    config->trace_ring_bytes = (uint32_t)desc->trace_bytes;
    config->trace_cores = cores;
    (void)model_add_pd_map(pd, rings, config->trace, MODEL_READ);
    pd->trace = rings;
    pd->trace_channel = config->trace_channel;
    pd->trace_ring_bytes = config->trace_ring_bytes;
    (void)expand_serial_channel(expand, node, "trace", pd, STATS_TRACER_RING_BYTES, 0, &config->tracer);
}

void expand_stats(struct expand *expand, const struct node *node)
{
    const struct desc_stats *desc = node->fields;
    struct stats_config config = {0};
    struct model_pd *pd;

    if (node->broken || desc->name == NULL) {
        return;
    }
    pd = expand_add_pd(expand, desc->name, node->loc, &desc->options);
    for (size_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];

        if (child->spec == &lang_watch) {
            add_region(expand, child, pd, &config);
        } else if (!expand_serial_connect(expand, child, desc->name, pd, &config.console)) {
            return;
        }
    }
    (void)expand_serial_channel(expand, node, "top", pd, STATS_TOP_RING_BYTES, SERIAL_MUX_CLIENT_SHARED,
                                &config.top);
    pd->observer = !expand->options->microkit;
    add_trace(expand, node, pd, &config);
    add_switches(expand, pd, &config);
    expand_config_header(&config.header, STATS_CONFIG_MAGIC, STATS_CONFIG_VERSION, sizeof(config));
    (void)model_add_config(pd, STATS_CONFIG_SECTION, &config, sizeof(config));
}
