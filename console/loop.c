/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/loop.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

uint64_t loop_clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

double loop_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int loop_catch_signals(const int *more, int flags)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    for (; more != NULL && *more != 0; more++) {
        sigaddset(&set, *more);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, flags);
}
