/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The monitor PD's logic: a command line on a console of its own, for whoever measures or tests a system.
 *
 *     counters    what kernel and switches have counted since the start, one `name value` a line, then `end`
 *     sums        a checksum of each region that the description lets the monitor see, then `end`
 *     help
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/monitor_config.h"

#define MONITOR_LINE_BYTES 80u
#define MONITOR_COUNTER_MAX 32u

/** What the monitor needs from its platform. */
struct monitor_ops {
    /** Print `bytes` of `text` on the console. */
    void (*print)(void *context, const char *text, uint32_t bytes);
    /** Fill `values` with the kernel's counters (enum syscall_counter); returns how many there are. */
    uint32_t (*counters)(void *context, uint64_t values[MONITOR_COUNTER_MAX]);
    /** Ticks of the machine's generic timer, as idle_ticks counts them. */
    uint64_t (*ticks)(void *context);
};

/** State. Private to monitor.c but for its size. */
struct monitor {
    const struct monitor_config *config;
    const struct monitor_ops *ops;
    void *context;
    char line[MONITOR_LINE_BYTES];
    uint32_t line_bytes;
};

/** Start with an empty line and show the prompt. `config` and `ops` must outlive the monitor. */
void monitor_init(struct monitor *monitor, const struct monitor_config *config, const struct monitor_ops *ops,
                  void *context);

/** `bytes` were typed. Over-long lines are cut. */
void monitor_input(struct monitor *monitor, const char *text, uint32_t bytes);
