/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Programs: the ELF files of PDs and of the kernel, read with libelf and patched in memory.
 *
 * Only statically linked AArch64 little-endian ELF64 executables are taken. Every figure of the file is
 * checked against the file's length and the 64-bit address space before it is used; a broken file gives an
 * error that names it, never a crash.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"

enum elf_program_perms { ELF_PROGRAM_READ = 1, ELF_PROGRAM_WRITE = 2, ELF_PROGRAM_EXECUTE = 4 };

/** A program may have at most this many loadable segments, and each at most this many bytes. */
#define ELF_PROGRAM_MAX_SEGMENTS 32u
#define ELF_PROGRAM_MAX_BYTES (1ull << 28)

/** A PT_LOAD segment with p_memsz > 0. Segments are in ascending order of vaddr and do not overlap. */
struct elf_program_segment {
    uint64_t vaddr;
    uint64_t mem_bytes;
    uint64_t file_bytes;   /**< bytes from the start that are not all zero by definition; <= mem_bytes */
    uint64_t file_offset;  /**< where they lie in the ELF file */
    uint64_t stored_bytes; /**< how many bytes the ELF file has there */
    unsigned int perms;    /**< enum elf_program_perms; never both WRITE and EXECUTE */
    uint8_t *data;         /**< mem_bytes of contents, owned by the program */
};

struct elf_program {
    char *path;
    struct loc loc; /**< where the description asks for it: the place of every error */
    uint8_t *file;  /**< the file as read */
    size_t file_bytes;
    void *elf; /**< libelf's handle on `file` */
    uint64_t entry;
    struct elf_program_segment *segments;
    size_t segment_count;
};

/** A symbol of the symbol table, or a section with contents in a segment. */
struct elf_program_range {
    uint64_t vaddr;
    uint64_t bytes; /**< 0 for symbols without a size */
};

/**
 * Read the file `path`. On success the caller calls elf_program_free() at the end; on failure the reason is
 * reported at `loc` and *program needs no freeing.
 * Errors: ERR_IO, ERR_FORMAT (not an AArch64 executable, or malformed), ERR_UNSUPPORTED (a writable and
 * executable segment, too many or too large segments).
 */
ERR_CHECKED enum err elf_program_load(struct elf_program *program, const char *path, struct loc loc,
                                      struct diag *diag);

/** Free what elf_program_load() made; fine on an all-zero program too. */
void elf_program_free(struct elf_program *program);

/** Look up a defined data or function symbol. False if there is none of that name. */
bool elf_program_find_symbol(const struct elf_program *program, const char *name,
                             struct elf_program_range *range);

/** Look up an allocated section. False if there is none of that name. */
bool elf_program_find_section(const struct elf_program *program, const char *name,
                              struct elf_program_range *range);

/** The contents at [vaddr, vaddr + bytes), to read; NULL if they are not inside one segment. */
const uint8_t *elf_program_peek(const struct elf_program *program, uint64_t vaddr, uint64_t bytes);

/**
 * Overwrite contents at `vaddr`. A segment's zeroed tail becomes file contents where it is written.
 * Returns ERR_RANGE if [vaddr, vaddr + bytes) is not inside one segment.
 */
ERR_CHECKED enum err elf_program_write(struct elf_program *program, uint64_t vaddr, const void *data,
                                       uint64_t bytes);
