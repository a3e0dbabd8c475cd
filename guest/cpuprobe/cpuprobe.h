/* SPDX-License-Identifier: BSD-2-Clause */
/** What the parts of cpuprobe share: a few Linux system calls, and how results are printed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Numbers, as in Linux' asm-generic/unistd.h. */
enum linux_call {
    LINUX_MOUNT = 40,
    LINUX_OPENAT = 56,
    LINUX_CLOSE = 57,
    LINUX_READ = 63,
    LINUX_WRITE = 64,
    LINUX_EXIT_GROUP = 94,
    LINUX_PTRACE = 117,
    LINUX_KILL = 129,
    LINUX_GETPID = 172,
    LINUX_CLONE = 220,
    LINUX_EXECVE = 221,
    LINUX_PERF_EVENT_OPEN = 241,
    LINUX_WAIT4 = 260
};

#define LINUX_SIGILL 4
#define LINUX_SIGTRAP 5
#define LINUX_SIGCHLD 17
#define LINUX_SIGSTOP 19
#define LINUX_AT_FDCWD ((uint64_t)-100)
#define LINUX_O_WRONLY 1

/** One system call; negative results are -errno. */
static inline int64_t linux_call(enum linux_call number, uint64_t a, uint64_t b, uint64_t c, uint64_t d,
                                 uint64_t e)
{
    register uint64_t x8 __asm__("x8") = number;
    register uint64_t x0 __asm__("x0") = a;
    register uint64_t x1 __asm__("x1") = b;
    register uint64_t x2 __asm__("x2") = c;
    register uint64_t x3 __asm__("x3") = d;
    register uint64_t x4 __asm__("x4") = e;

    __asm__ volatile("svc 0" : "+r"(x0) : "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x8) : "memory");
    return (int64_t)x0;
}

/** The address of an object, as an argument of a call. */
static inline uint64_t linux_pointer(const void *object)
{
    return (uint64_t)(uintptr_t)object;
}

/** Print `text`. */
void cpuprobe_say(const char *text);

/** A new process: 0 in the child, its id in the parent. */
int64_t cpuprobe_fork(void);

/** Wait for process `child`: its status as wait(2) has it. */
uint32_t cpuprobe_wait(int64_t child);

/** Print `name`, PASS or FAIL, and what was found. */
void cpuprobe_verdict(const char *name, bool good, const char *found, uint64_t number);

/** Single step, watchpoint and uprobe, a line for each. */
void debug_probe(void);

/** SVE registers keep what they have, for so many rounds: a line. */
void vectors_probe(uint64_t rounds);
