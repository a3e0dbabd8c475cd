/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QEMU TCG plugin that counts the instructions of each core, by the domain whose code it is.
 *
 *     -plugin qemu_plugin.so,output=FILE,ranges=FILE,base=ADDRESS,bytes=COUNT
 *
 * base and bytes: where the kernel's code is; it runs at its physical address, which tells where QEMU has the machine's
 * RAM. ranges: lines "first last domain" of physical addresses in hexadecimal and a number below DOMAINS_MAX - 1; the last
 * one is for all other code. Counting begins and ends with two hints that do nothing (lib/base/mark.h). Output when QEMU
 * ends, for whatever is not 0: lines "D phase core domain instructions", and "F phase address instructions" for each block
 * of the kernel's code.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/qemu_plugin.h"
#include "lib/base/mark.h"

#define CORES_MAX 8u
#define DOMAINS_MAX 32u
#define RANGES_MAX 128u
#define PHASES_MAX 64u
#define KERNEL_MAX 0x10000u /* instructions */
#define HINT(number) (0xd503201fu | (number) << 5)
#define LINE_WORDS 8u /* of a cache line: two cores' counters never share one */

API int qemu_plugin_version = 1;

struct range {
    uint64_t first, last;
    uint32_t domain;
};

typedef uint64_t counters[CORES_MAX][DOMAINS_MAX + LINE_WORDS];

static struct range ranges[RANGES_MAX];
static uint32_t range_count;
static counters now, before, phases[PHASES_MAX];
static uint64_t blocks_now[KERNEL_MAX], blocks_before[KERNEL_MAX], block_phases[PHASES_MAX][KERNEL_MAX];
static uint32_t phase_count;
static uint64_t kernel_base, kernel_bytes, ram_offset; /* host address less physical address */
static const char *file_name;

/* `userdata`: instructions of the block, and above them the domain. */
static void on_run(unsigned int core, void *userdata)
{
    const uintptr_t block = (uintptr_t)userdata;

    now[core % CORES_MAX][block >> 16] += block & 0xffff;
}

/* The same of a block of the kernel: above them the number of its first instruction. */
static void on_kernel(unsigned int core, void *userdata)
{
    const uintptr_t block = (uintptr_t)userdata;

    (void)core;
    blocks_now[block >> 16] += block & 0xffff;
}

static void on_mark(unsigned int core, void *userdata)
{
    (void)core;
    if (userdata == NULL) {
        memcpy(before, now, sizeof(now));
        memcpy(blocks_before, blocks_now, sizeof(blocks_now));
        return;
    }
    for (uint32_t i = 0; i < KERNEL_MAX && phase_count < PHASES_MAX; i++) {
        block_phases[phase_count][i] = blocks_now[i] - blocks_before[i];
    }
    for (uint32_t i = 0; i < CORES_MAX && phase_count < PHASES_MAX; i++) {
        for (uint32_t domain = 0; domain < DOMAINS_MAX; domain++) {
            phases[phase_count][i][domain] = now[i][domain] - before[i][domain];
        }
    }
    phase_count += phase_count < PHASES_MAX;
}

static uint32_t domain_of(uint64_t physical)
{
    for (uint32_t i = 0; i < range_count; i++) {
        if (physical >= ranges[i].first && physical <= ranges[i].last) {
            return ranges[i].domain;
        }
    }
    return DOMAINS_MAX - 1;
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
    const size_t count = qemu_plugin_tb_n_insns(tb);
    const uint64_t vaddr = qemu_plugin_tb_vaddr(tb);
    const uint64_t host = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, 0));

    (void)id;
    if (ram_offset == 0 && vaddr - kernel_base < kernel_bytes) {
        ram_offset = host - vaddr;
    }
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t code;

        memcpy(&code, qemu_plugin_insn_data(insn), sizeof(code));
        if (code == HINT(MARK_HINT_BEGIN) || code == HINT(MARK_HINT_END)) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark, 0,
                                                   (void *)(uintptr_t)(code == HINT(MARK_HINT_END)));
        }
    }
    const uint64_t offset = host - ram_offset - kernel_base;
    if (ram_offset != 0 && offset < kernel_bytes && offset / 4 < KERNEL_MAX) {
        qemu_plugin_register_vcpu_tb_exec_cb(tb, on_kernel, 0, (void *)(uintptr_t)(offset / 4 << 16 | count));
    }
    qemu_plugin_register_vcpu_tb_exec_cb(
        tb, on_run, 0, (void *)((uintptr_t)domain_of(host - ram_offset) << 16 | (uintptr_t)count));
}

static void at_exit(plugin_id id, void *userdata)
{
    FILE *file = fopen(file_name, "w");

    (void)id;
    (void)userdata;
    for (uint32_t phase = 0; file != NULL && phase < phase_count; phase++) {
        for (uint32_t core = 0; core < CORES_MAX; core++) {
            for (uint32_t domain = 0; domain < DOMAINS_MAX; domain++) {
                if (phases[phase][core][domain] != 0) {
                    fprintf(file, "D %u %u %u %llu\n", phase, core, domain,
                            (unsigned long long)phases[phase][core][domain]);
                }
            }
        }
        for (uint32_t i = 0; i < KERNEL_MAX; i++) {
            if (block_phases[phase][i] != 0) {
                fprintf(file, "F %u %llu %llu\n", phase, (unsigned long long)(kernel_base + 4ull * i),
                        (unsigned long long)block_phases[phase][i]);
            }
        }
    }
    if (file != NULL) {
        fclose(file);
    }
}

static bool read_ranges(const char *name)
{
    FILE *file = fopen(name, "r");
    unsigned long long first, last;
    unsigned int domain;

    while (file != NULL && range_count < RANGES_MAX &&
           fscanf(file, "%llx %llx %u", &first, &last, &domain) == 3 && domain < DOMAINS_MAX - 1) {
        ranges[range_count++] = (struct range){first, last, domain};
    }
    if (file != NULL) {
        fclose(file);
    }
    return range_count > 0;
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    bool ready = false;

    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "output=", 7) == 0) {
            file_name = strdup(argv[i] + 7);
        } else if (strncmp(argv[i], "ranges=", 7) == 0) {
            ready = read_ranges(argv[i] + 7);
        } else if (strncmp(argv[i], "base=", 5) == 0) {
            kernel_base = strtoull(argv[i] + 5, NULL, 0);
        } else if (strncmp(argv[i], "bytes=", 6) == 0) {
            kernel_bytes = strtoull(argv[i] + 6, NULL, 0);
        }
    }
    if (file_name == NULL || !ready || kernel_bytes == 0) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
