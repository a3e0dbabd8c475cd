/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QEMU TCG plugin that finds the longest stretches of instructions for which nobody can be interrupted: the
 * kernel runs with interrupts masked from its vector to its ERET, or to a WFI, which an interrupt ends.
 *
 *     -plugin qemu_plugin.so,output=FILE,base=ADDRESS,bytes=COUNT
 *
 * base and bytes: where the kernel's code is; it runs at its physical address. Counting begins and ends with
 * the hints of guest/latency/latency.h, or with always=1 once the kernel has booted. FILE when QEMU ends: "T instructions stretches", then for each kind
 * of stretch (those that run through the same blocks of code), its longest: "S instructions from", and its
 * blocks in order, "vaddr count" each. `from` is the physical address of the block before it.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/qemu_plugin.h"
#include "guest/latency/latency.h"

#define BLOCKS_MAX (1u << 21)
#define CPUS_MAX 8u
#define PATH_MAX_BLOCKS 16384u
#define KINDS_MAX 64u
#define HINT(number) (0xd503201fu | (number) << 5)
#define WFI 0xd503207fu
#define ERET 0xd69f03e0u

API int qemu_plugin_version = 1;

enum mark { MARK_NONE, MARK_BEGIN, MARK_END };

struct block {
    uint64_t vaddr, host;
    uint64_t stretch; /* the last one that ran through it */
    uint32_t instructions;
    bool is_kernel, is_end;
    enum mark mark;
};

/* A stretch, or the longest of a kind. */
struct stretch {
    uint64_t kind; /* of the blocks that it has run through, in any order */
    uint64_t instructions, from;
    uint32_t count; /* blocks, of which `path` has the first ones */
    uint32_t path[PATH_MAX_BLOCKS];
};

static struct block *blocks;
static uint32_t block_count;
static struct stretch *current; /* of each CPU */
static uint32_t last_block[CPUS_MAX];
static struct stretch *kinds;
static uint32_t kind_count;
static uint64_t kernel_base, kernel_bytes, ram_offset; /* host address less physical address */
static uint64_t stretches, instructions;
static bool counting, always;
static const char *file_name;

/* Where the stretch belongs, or NULL: it is shorter than all that are kept. */
static struct stretch *find_place(const struct stretch *found)
{
    struct stretch *shortest = &kinds[0];

    for (uint32_t i = 0; i < kind_count; i++) {
        if (kinds[i].kind == found->kind) {
            return &kinds[i];
        }
        shortest = kinds[i].instructions < shortest->instructions ? &kinds[i] : shortest;
    }
    return kind_count < KINDS_MAX ? &kinds[kind_count++] : shortest;
}

static void end_stretch(struct stretch *stretch)
{
    if (stretch->instructions == 0) {
        return;
    }
    struct stretch *place = counting ? find_place(stretch) : NULL;
    if (place != NULL && place->instructions < stretch->instructions) {
        const uint32_t kept = stretch->count < PATH_MAX_BLOCKS ? stretch->count : PATH_MAX_BLOCKS;

        memcpy(place, stretch, offsetof(struct stretch, path));
        memcpy(place->path, stretch->path, kept * sizeof(stretch->path[0]));
    }
    stretches += counting;
    counting |= always; /* the first one is the kernel's boot */
    memset(stretch, 0, offsetof(struct stretch, path));
}

static void extend_stretch(struct stretch *stretch, struct block *block, uint32_t number)
{
    if (stretch->instructions == 0) {
        static uint64_t next_stretch;

        stretch->from = ++next_stretch; /* its own number, until it ends */
    }
    if (block->stretch != stretch->from) {
        block->stretch = stretch->from;
        stretch->kind += (number + 1) * 0x9e3779b97f4a7c15ull;
    }
    stretch->instructions += block->instructions;
    if (stretch->count < PATH_MAX_BLOCKS) {
        stretch->path[stretch->count] = number;
    }
    stretch->count++;
}

static void on_run(unsigned int vcpu, void *userdata)
{
    const uint32_t number = (uint32_t)(uintptr_t)userdata;
    struct block *block = &blocks[number];
    struct stretch *stretch = &current[vcpu % CPUS_MAX];

    instructions += counting ? block->instructions : 0;
    if (block->is_kernel) {
        extend_stretch(stretch, block, number);
    }
    if (!block->is_kernel || block->is_end) {
        stretch->from = last_block[vcpu % CPUS_MAX];
        end_stretch(stretch);
    }
    if (!block->is_kernel) {
        last_block[vcpu % CPUS_MAX] = number;
    }
    counting = block->mark == MARK_NONE ? counting : block->mark == MARK_BEGIN;
}

/* What its instructions say of a block: hints, and the end of a stretch. What was masked comes in at an ERET.
 */
static void read_block(const struct qemu_plugin_tb *tb, struct block *block)
{
    for (size_t i = 0; i < block->instructions; i++) {
        uint32_t code;

        memcpy(&code, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(tb, i)), sizeof(code));
        block->is_end |= code == WFI || code == ERET;
        block->mark = code == HINT(LATENCY_HINT_BEGIN) ? MARK_BEGIN
                      : code == HINT(LATENCY_HINT_END) ? MARK_END
                                                       : block->mark;
    }
}

static bool is_in_kernel(uint64_t address)
{
    return address >= kernel_base && address - kernel_base < kernel_bytes;
}

static void on_translation(plugin_id id, struct qemu_plugin_tb *tb)
{
    const uint64_t vaddr = qemu_plugin_tb_vaddr(tb);
    const uint64_t host = (uint64_t)(uintptr_t)qemu_plugin_insn_haddr(qemu_plugin_tb_get_insn(tb, 0));

    (void)id;
    if (block_count == BLOCKS_MAX) {
        fprintf(stderr, "qemu_plugin: too many blocks\n");
        abort();
    }
    if (is_in_kernel(vaddr) && ram_offset == 0) {
        ram_offset = host - vaddr; /* the machine has just been switched on: there is nobody else */
    }
    struct block *block = &blocks[block_count];
    *block =
        (struct block){.vaddr = vaddr, .host = host, .instructions = (uint32_t)qemu_plugin_tb_n_insns(tb)};
    block->is_kernel = is_in_kernel(vaddr) && host - ram_offset == vaddr;
    read_block(tb, block);
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_run, 0, (void *)(uintptr_t)block_count);
    block_count++;
}

static void write_kind(FILE *file, const struct stretch *kind)
{
    const uint32_t kept = kind->count < PATH_MAX_BLOCKS ? kind->count : PATH_MAX_BLOCKS;

    fprintf(file, "S %llu %llx", (unsigned long long)kind->instructions,
            (unsigned long long)(blocks[kind->from].host - ram_offset));
    for (uint32_t i = 0; i < kept; i++) {
        fprintf(file, " %llx %u", (unsigned long long)blocks[kind->path[i]].vaddr,
                blocks[kind->path[i]].instructions);
    }
    fprintf(file, "\n");
}

static void at_exit(plugin_id id, void *userdata)
{
    FILE *file = fopen(file_name, "w");

    (void)id;
    (void)userdata;
    if (file == NULL) {
        return;
    }
    fprintf(file, "T %llu %llu\n", (unsigned long long)instructions, (unsigned long long)stretches);
    for (uint32_t i = 0; i < kind_count; i++) {
        write_kind(file, &kinds[i]);
    }
    fclose(file);
}

int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "output=", 7) == 0) {
            file_name = strdup(argv[i] + 7);
        } else if (strncmp(argv[i], "base=", 5) == 0) {
            kernel_base = strtoull(argv[i] + 5, NULL, 0);
        } else if (strncmp(argv[i], "bytes=", 6) == 0) {
            kernel_bytes = strtoull(argv[i] + 6, NULL, 0);
        } else if (strcmp(argv[i], "always=1") == 0) {
            always = true;
        }
    }
    blocks = calloc(BLOCKS_MAX, sizeof(*blocks));
    current = calloc(CPUS_MAX, sizeof(*current));
    kinds = calloc(KINDS_MAX, sizeof(*kinds));
    if (file_name == NULL || kernel_bytes == 0 || blocks == NULL || current == NULL || kinds == NULL) {
        fprintf(stderr, "qemu_plugin: output=, base= and bytes= are needed\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
