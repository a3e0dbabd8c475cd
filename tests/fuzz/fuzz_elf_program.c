/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A PD's program with wrong bytes in its headers, tables and strings: it is refused or loaded, looked at,
 * patched and saved, and nothing else. Input: triples of an offset (16 bits, little-endian) and a byte to put
 * there.
 */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/mock/mock_elf.h"
#include "tool/image/elf_program.h"
#include "tool/microkit/elf_save.h"

#define TRIPLE_BYTES 3u

/** Headers, strings and tables are in the first part of the file. Contents matter to nobody. */
#define TABLES_BYTES 0x4000u

static const struct mock_elf sample = {
    .entry = 0x200010,
    .segments = {{0x200000, 0x1000, 0x1000, PF_R | PF_X, NULL}, {0x203000, 0x3000, 0x100, PF_R | PF_W, NULL}},
    .symbols = {{"microkit_name", 0x203000, 64}, {"in_bss", 0x205000, 8}},
    .sections = {{".test_config", 0x203040, 32}},
};

static void use(struct elf_program *program, struct diag *diag)
{
    static const uint64_t value = 1;
    struct elf_program_range range;
    enum err err;

    if (elf_program_find_symbol(program, "in_bss", &range)) {
        err = elf_program_write(program, range.vaddr, &value, sizeof value);
        (void)err;
    }
    if (elf_program_find_section(program, ".test_config", &range)) {
        (void)elf_program_peek(program, range.vaddr, range.bytes);
    }
    (void)elf_program_find_symbol(program, "no such symbol", &range);
    err = elf_save(program, NULL, 0, "/dev/null/never", diag);
    (void)err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
    struct diag *diag = diag_new();
    struct elf_program program;
    char path[64];
    size_t file_bytes;
    uint8_t *file = mock_elf_build(&sample, &file_bytes);
    static int fd = -1; /* one file for all runs: it is what takes the time */

    for (size_t i = 0; i + TRIPLE_BYTES <= bytes; i += TRIPLE_BYTES) {
        size_t offset = data[i] | (size_t)data[i + 1] << 8;

        file[offset % TABLES_BYTES] = data[i + 2];
    }
    fd = fd < 0 ? memfd_create("program", 0) : fd;
    if (fd < 0 || pwrite(fd, file, file_bytes, 0) != (ssize_t)file_bytes) {
        abort();
    }
    (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (elf_program_load(&program, path, (struct loc){0}, diag) == ERR_OK) {
        use(&program, diag);
        elf_program_free(&program);
    }
    free(file);
    diag_free(diag);
    return 0;
}
