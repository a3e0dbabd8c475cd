/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of the stats PD. See config.h for the rules. */
#pragma once

#include "lib/config/config.h"

#define STATS_CONFIG_MAGIC 0x4e4f4d43u /* "CMON" */
#define STATS_CONFIG_VERSION 3u
#define STATS_CONFIG_SECTION ".stats_config"
#define STATS_CONFIG_MAX_REGIONS 32u
#define STATS_CONFIG_MAX_SWITCHES 8u
/** Of the channel's link, one way: a whole answer fits. */
#define STATS_TOP_RING_BYTES 0x10000u
/** Of the one for `causeway trace`. */
#define STATS_TRACER_RING_BYTES 0x8000u

/** A region whose contents the stats PD can sum up: mapped read-only. */
struct stats_region_config {
    char name[CONFIG_NAME_BYTES];
    uint64_t vaddr;
    uint64_t bytes;
};

/** A virtual switch whose counters the stats PD shows. */
struct stats_switch_config {
    char name[CONFIG_NAME_BYTES];
    uint64_t stats; /**< vaddr of its struct vswitch_stats, mapped read-only */
};

struct stats_config {
    struct config_header header;
    struct config_link console; /**< byte stream to the serial multiplexer */
    struct config_link top;     /**< channel for `causeway top` */
    struct config_link tracer;  /**< channel for `causeway trace` */
    uint64_t trace; /**< vaddr of the kernel's struct sysdesc_trace, mapped read-only; 0: there is none */
    uint32_t trace_channel; /**< the kernel notifies it when somebody has died */
    uint32_t trace_ring_bytes;
    uint32_t trace_cores;
    uint32_t region_count;
    struct stats_region_config regions[STATS_CONFIG_MAX_REGIONS];
    uint32_t switch_count;
    uint32_t reserved;
    struct stats_switch_config switches[STATS_CONFIG_MAX_SWITCHES];
};
