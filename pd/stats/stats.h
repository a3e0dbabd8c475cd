/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The stats PD's logic: a command line on a console of its own, for whoever measures or tests a system.
 *
 *     counters    what kernel and switches have counted since the start, one `name value` a line, then `end`
 *     ports       what switches have counted at each port, `SWITCH.PORT.NAME value` a line, unless 0; then `end`
 *     sums        a checksum of each region that the description lets the stats PD see, then `end`
 *     help
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/stats_config.h"

#define STATS_LINE_BYTES 80u
#define STATS_COUNTER_MAX 32u

/** What the stats PD needs from its platform. */
struct stats_ops {
    /** Print `bytes` of `text` on the console. */
    void (*print)(void *context, const char *text, uint32_t bytes);
    /** Fill `values` with the kernel's counters (enum syscall_counter); returns how many there are. */
    uint32_t (*counters)(void *context, uint64_t values[STATS_COUNTER_MAX]);
    /** Ticks of the machine's generic timer, as idle_ticks counts them. */
    uint64_t (*ticks)(void *context);
};

/** State. Private to stats.c except for its size. */
struct stats {
    const struct stats_config *config;
    const struct stats_ops *ops;
    void *context;
    char line[STATS_LINE_BYTES];
    uint32_t line_bytes;
};

/** Start with an empty line and show the prompt. `config` and `ops` must outlive the stats PD. */
void stats_init(struct stats *stats, const struct stats_config *config, const struct stats_ops *ops,
                void *context);

/** `bytes` were typed. Over-long lines are cut. */
void stats_input(struct stats *stats, const char *text, uint32_t bytes);
