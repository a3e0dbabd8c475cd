/* SPDX-License-Identifier: BSD-2-Clause */
/** Small ELF executables made by hand, right or wrong, for tests of the host tool. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define MOCK_ELF_MAX 8u

/** A PT_LOAD segment. `data` (file_bytes long) may be NULL: then every byte is the segment's number plus 1.
 */
struct mock_elf_segment {
    uint64_t vaddr, mem_bytes, file_bytes;
    uint32_t flags; /**< PF_R, PF_W, PF_X */
    const void *data;
};

/** A symbol (`bytes` its size) or an allocated section. Ends at the first without a name. */
struct mock_elf_range {
    const char *name;
    uint64_t vaddr, bytes;
};

/** A whole file. Segments end at the first without mem_bytes. */
struct mock_elf {
    uint16_t type;    /**< 0: ET_EXEC */
    uint16_t machine; /**< 0: EM_AARCH64 */
    uint64_t entry;
    struct mock_elf_segment segments[MOCK_ELF_MAX];
    struct mock_elf_range symbols[MOCK_ELF_MAX];
    struct mock_elf_range sections[MOCK_ELF_MAX];
};

/** The file's bytes, to be freed with free(). Segment n's program header lies at 64 + 56 * n. */
uint8_t *mock_elf_build(const struct mock_elf *elf, size_t *bytes);

/** Write bytes to `path`; the test fails if that fails. */
void mock_elf_save(const char *path, const void *data, size_t bytes);

/** mock_elf_build() and mock_elf_save(). */
void mock_elf_write(const char *path, const struct mock_elf *elf);
