/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QEMU TCG plugin that remembers which code ran last: the newest blocks of instructions, in order.
 * profile.py makes paths of them.
 *
 *     -plugin qemu_plugin.so,output=OUTPUT
 *
 * OUTPUT when QEMU ends: for each block "B number vaddr paddr instructions", then the sequence, one number a
 * line.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/qemu_plugin.h"

#define HISTORY_COUNT (1u << 25)
#define BLOCKS_MAX (1u << 21)
/* Where the kernel's code is: it runs at its physical address, which tells where QEMU has the machine's RAM.
 */
#define KERNEL_BASE 0x40200000u
#define KERNEL_BYTES 0x10000u

API int qemu_plugin_version = 1;

struct block {
    uint64_t vaddr;
    uint64_t host;
    uint32_t instructions;
};

static struct block *blocks;
static uint32_t block_count;
static uint32_t *history;
static uint64_t executed;
static uint64_t ram_offset; /* host address less physical address */
static const char *file_name;

static void on_run(unsigned int vcpu, void *userdata)
{
    (void)vcpu;
    history[executed++ % HISTORY_COUNT] = (uint32_t)(uintptr_t)userdata;
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
    const uint64_t vaddr = qemu_plugin_tb_vaddr(tb);
    const uint64_t host = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, 0));

    (void)id;
    if (block_count == BLOCKS_MAX) {
        return;
    }
    if (vaddr >= KERNEL_BASE && vaddr < KERNEL_BASE + KERNEL_BYTES && ram_offset == 0) {
        ram_offset = host - vaddr;
    }
    blocks[block_count] =
        (struct block){.vaddr = vaddr, .host = host, .instructions = (uint32_t)qemu_plugin_tb_n_insns(tb)};
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_run, 0, (void *)(uintptr_t)block_count);
    block_count++;
}

static void at_exit(plugin_id id, void *userdata)
{
    FILE *file = fopen(file_name, "w");
    const uint64_t first = executed > HISTORY_COUNT ? executed - HISTORY_COUNT : 0;

    (void)id;
    (void)userdata;
    if (file == NULL) {
        return;
    }
    for (uint32_t i = 0; i < block_count; i++) {
        fprintf(file, "B %u %llx %llx %u\n", i, (unsigned long long)blocks[i].vaddr,
                (unsigned long long)(blocks[i].host - ram_offset), blocks[i].instructions);
    }
    for (uint64_t i = first; i < executed; i++) {
        fprintf(file, "%u\n", history[i % HISTORY_COUNT]);
    }
    fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "output=", 7) == 0) {
            file_name = strdup(argv[i] + 7);
        }
    }
    blocks = calloc(BLOCKS_MAX, sizeof *blocks);
    history = calloc(HISTORY_COUNT, sizeof *history);
    if (file_name == NULL || blocks == NULL || history == NULL) {
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
