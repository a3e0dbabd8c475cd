/* SPDX-License-Identifier: BSD-2-Clause */
/* What a debugger needs of the machine: single step, watchpoints, and stepping over what a uprobe replaces.
 */
#include "guest/cpuprobe/cpuprobe.h"

#include <stddef.h>

#include "lib/base/format.h"
#include "lib/base/mem.h"

#define PTRACE_TRACEME 0
#define PTRACE_SINGLESTEP 9
#define STEPS 500u
#define WRITES 10u
#define PERF_TYPE_BREAKPOINT 5u
#define PERF_NO_KERNEL (1ull << 5)
#define PERF_NO_HYPERVISOR (1ull << 6)
#define BREAKPOINT_WRITE 2u
#define PROBED "/bin/busybox"
#define TRACING "/sys/kernel/tracing/"
#define ELF_LOAD 1u

static bool is_step(uint32_t status)
{
    return (status & 0xff) == 0x7f && (status >> 8 & 0xff) == LINUX_SIGTRAP;
}

static void step_child(void)
{
    volatile uint64_t sum = 0;

    (void)linux_call(LINUX_PTRACE, PTRACE_TRACEME, 0, 0, 0, 0);
    (void)linux_call(LINUX_KILL, (uint64_t)linux_call(LINUX_GETPID, 0, 0, 0, 0, 0), LINUX_SIGSTOP, 0, 0, 0);
    for (uint64_t i = 0; i < 1000; i++) {
        sum += i;
    }
    (void)linux_call(LINUX_EXIT_GROUP, 7, 0, 0, 0, 0);
}

static void single_step(void)
{
    const int64_t child = cpuprobe_fork();
    uint64_t stops = 0;

    if (child == 0) {
        step_child();
    }
    (void)cpuprobe_wait(child);
    while (stops < STEPS) {
        (void)linux_call(LINUX_PTRACE, PTRACE_SINGLESTEP, (uint64_t)child, 0, 0, 0);
        if (!is_step(cpuprobe_wait(child))) {
            break;
        }
        stops++;
    }
    cpuprobe_verdict("single step", stops == STEPS, "stops of 500:", stops);
}

/* struct perf_event_attr, as far as it matters here. */
struct perf_attr {
    uint32_t type, size;
    uint64_t config, sample_period, sample_type, read_format, flags;
    uint32_t wakeup, breakpoint_type;
    uint64_t address, length;
    uint64_t rest[7];
};

static void watchpoint(void)
{
    static volatile uint64_t cell;
    const struct perf_attr attr = {
        .type = PERF_TYPE_BREAKPOINT,
        .size = sizeof(attr),
        .flags = PERF_NO_KERNEL | PERF_NO_HYPERVISOR,
        .breakpoint_type = BREAKPOINT_WRITE,
        .address = (uint64_t)(uintptr_t)&cell,
        .length = sizeof(cell),
    };
    const int64_t fd =
        linux_call(LINUX_PERF_EVENT_OPEN, linux_pointer(&attr), 0, (uint64_t)-1, (uint64_t)-1, 0);
    uint64_t hits = 0;

    if (fd < 0) {
        cpuprobe_verdict("watchpoint", false, "perf_event_open: error", (uint64_t)-fd);
        return;
    }
    for (uint64_t i = 0; i < WRITES; i++) {
        cell = i;
    }
    (void)linux_call(LINUX_READ, (uint64_t)fd, linux_pointer(&hits), sizeof(hits), 0, 0);
    (void)linux_call(LINUX_CLOSE, (uint64_t)fd, 0, 0, 0, 0);
    cpuprobe_verdict("watchpoint", hits == WRITES, "hits of 10 writes:", hits);
}

static int64_t put(const char *name, const char *text)
{
    const int64_t fd = linux_call(LINUX_OPENAT, LINUX_AT_FDCWD, linux_pointer(name), LINUX_O_WRONLY, 0, 0);
    int64_t result;

    if (fd < 0) {
        return fd;
    }
    result = linux_call(LINUX_WRITE, (uint64_t)fd, linux_pointer(text), strlen(text), 0, 0);
    (void)linux_call(LINUX_CLOSE, (uint64_t)fd, 0, 0, 0, 0);
    return result;
}

/* Where in the file the program's third instruction is; 0: no such place. */
static uint64_t third_instruction(void)
{
    static struct {
        uint8_t ident[16];
        uint16_t type, machine;
        uint32_t version;
        uint64_t entry, program_at, section_at;
        uint32_t flags;
        uint16_t header_bytes, program_bytes, program_count;
        uint8_t rest[2048];
    } elf;
    struct segment {
        uint32_t type, flags;
        uint64_t offset, address, physical, file_bytes, memory_bytes, alignment;
    } segment;
    const int64_t fd = linux_call(LINUX_OPENAT, LINUX_AT_FDCWD, linux_pointer(PROBED), 0, 0, 0);

    (void)linux_call(LINUX_READ, (uint64_t)fd, linux_pointer(&elf), sizeof(elf), 0, 0);
    (void)linux_call(LINUX_CLOSE, (uint64_t)fd, 0, 0, 0, 0);
    for (uint32_t i = 0; i < elf.program_count && elf.program_at + (i + 1) * sizeof(segment) <= sizeof(elf);
         i++) {
        memcpy(&segment, (const uint8_t *)&elf + elf.program_at + i * sizeof(segment), sizeof(segment));
        if (segment.type == ELF_LOAD && elf.entry - segment.address < segment.memory_bytes) {
            return elf.entry - segment.address + segment.offset + 8;
        }
    }
    return 0;
}

static uint32_t run_probed(void)
{
    static const char *const arguments[] = {PROBED, "true", NULL};
    const int64_t child = cpuprobe_fork();

    if (child == 0) {
        (void)linux_call(LINUX_EXECVE, linux_pointer(PROBED), linux_pointer(arguments),
                         linux_pointer(&arguments[2]), 0, 0);
        (void)linux_call(LINUX_EXIT_GROUP, 127, 0, 0, 0, 0);
    }
    return cpuprobe_wait(child);
}

static void uprobe(void)
{
    char text[96];

    (void)linux_call(LINUX_MOUNT, linux_pointer("tracefs"), linux_pointer(TRACING), linux_pointer("tracefs"),
                     0, 0);
    (void)format_print(text, sizeof(text), "p:probe " PROBED ":0x%llx",
                       (unsigned long long)third_instruction());
    const int64_t made = put(TRACING "uprobe_events", text);
    if (made < 0) {
        cpuprobe_verdict("uprobe", false, "uprobe_events: error", (uint64_t)-made);
        return;
    }
    (void)put(TRACING "events/uprobes/probe/enable", "1");
    const uint32_t status = run_probed();
    (void)put(TRACING "events/uprobes/probe/enable", "0");
    (void)put(TRACING "uprobe_events", "-:probe");
    cpuprobe_verdict("uprobe", status == 0, "the probed program ended with status", status);
}

void debug_probe(void)
{
    single_step();
    watchpoint();
    uprobe();
}
