/* SPDX-License-Identifier: BSD-2-Clause */
/* What each probe needs of Linux: processes, and a line for a result. */
#include "guest/cpuprobe/cpuprobe.h"

#include <stddef.h>

#include "lib/base/format.h"
#include "lib/base/mem.h"

void cpuprobe_say(const char *text)
{
    (void)linux_call(LINUX_WRITE, 1, linux_pointer(text), strlen(text), 0, 0);
}

void cpuprobe_verdict(const char *name, bool good, const char *found, uint64_t number)
{
    char line[160];

    (void)format_print(line, sizeof(line), "%s %s: %s %llu\n", good ? "PASS" : "FAIL", name, found,
                       (unsigned long long)number);
    cpuprobe_say(line);
}

int64_t cpuprobe_fork(void)
{
    return linux_call(LINUX_CLONE, LINUX_SIGCHLD, 0, 0, 0, 0);
}

uint32_t cpuprobe_wait(int64_t child)
{
    uint32_t status = 0;

    (void)linux_call(LINUX_WAIT4, (uint64_t)child, linux_pointer(&status), 0, 0, 0);
    return status;
}
