/* SPDX-License-Identifier: BSD-2-Clause */
/** How far a long step is: a line on the terminal that is written again once per second, one line in a log. */
#pragma once

#include <stdint.h>

/** One step. */
struct progress {
    const char *name;
    uint64_t total_bytes, done_bytes;
    int64_t shown_seconds; /**< when the terminal's line was written last */
    int is_terminal;
};

/**
 * Begin a step of `total_bytes` bytes about the file `name`, which must outlive it. `verb`, such as "DISK", begins the
 * line. Below 8 MiB nothing is said.
 */
struct progress progress_start(const char *verb, const char *name, uint64_t total_bytes);

/** So many bytes more are done. */
void progress_add(struct progress *progress, uint64_t bytes);

/** The step is over, one way or the other. */
void progress_end(const struct progress *progress);
