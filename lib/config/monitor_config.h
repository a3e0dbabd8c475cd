/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of the monitor PD. See config.h for the rules. */
#pragma once

#include "lib/config/config.h"

#define MONITOR_CONFIG_MAGIC 0x4e4f4d43u /* "CMON" */
#define MONITOR_CONFIG_VERSION 1u
#define MONITOR_CONFIG_SECTION ".monitor_config"
#define MONITOR_CONFIG_MAX_REGIONS 32u
#define MONITOR_CONFIG_MAX_SWITCHES 8u

/** A region whose contents the monitor can sum up: mapped read-only. */
struct monitor_region_config {
    char name[CONFIG_NAME_BYTES];
    uint64_t vaddr;
    uint64_t bytes;
};

/** A virtual switch whose counters the monitor shows. */
struct monitor_switch_config {
    char name[CONFIG_NAME_BYTES];
    uint64_t stats; /**< vaddr of its struct vswitch_stats, mapped read-only */
};

struct monitor_config {
    struct config_header header;
    struct config_link console; /**< byte stream to the serial multiplexer */
    uint32_t reserved_flags;
    uint32_t region_count;
    struct monitor_region_config regions[MONITOR_CONFIG_MAX_REGIONS];
    uint32_t switch_count;
    uint32_t reserved;
    struct monitor_switch_config switches[MONITOR_CONFIG_MAX_SWITCHES];
};
