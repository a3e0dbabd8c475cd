/* SPDX-License-Identifier: BSD-2-Clause */
/* Progress of long steps, on standard error. */
#include "tool/base/progress.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define MIB_SHIFT 20
#define LONG_BYTES (8u << MIB_SHIFT)

static int64_t seconds_now(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

static void show(struct progress *progress)
{
    progress->shown_seconds = seconds_now();
    (void)fprintf(stderr, "\r           %s: %" PRIu64 " of %" PRIu64 " MiB\033[K", progress->name,
                  progress->done_bytes >> MIB_SHIFT, progress->total_bytes >> MIB_SHIFT);
    (void)fflush(stderr);
}

struct progress progress_start(const char *verb, const char *name, uint64_t total_bytes)
{
    const bool is_long = total_bytes >= LONG_BYTES;
    struct progress progress = {
        .name = name, .total_bytes = total_bytes, .is_terminal = is_long && isatty(STDERR_FILENO)};

    if (!is_long) {
        return progress;
    }
    (void)fprintf(stderr, "  %-8s %s (%" PRIu64 " MiB)\n", verb, name, total_bytes >> MIB_SHIFT);
    if (progress.is_terminal) {
        show(&progress);
    }
    return progress;
}

void progress_add(struct progress *progress, uint64_t bytes)
{
    progress->done_bytes += bytes;
    if (progress->is_terminal && seconds_now() != progress->shown_seconds) {
        show(progress);
    }
}

void progress_end(const struct progress *progress)
{
    if (progress->is_terminal) {
        (void)fprintf(stderr, "\r\033[K");
        (void)fflush(stderr);
    }
}
