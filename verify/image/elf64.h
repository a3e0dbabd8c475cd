/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A minimal, suspicious reader of AArch64 ELF executables: verify's own, so that it shares no mistake with
 * the program that wrote the image. Nothing in the file is believed before it was checked against the file's
 * size. References: System V ABI, "Object Files"; ELF for the Arm 64-bit Architecture; layouts of <elf.h>.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "verify/image/findings.h"

#define ELF64_PAGE_BYTES 0x1000u

/** Segment permissions: p_flags. */
enum elf64_flags { ELF64_EXECUTE = 1, ELF64_WRITE = 2, ELF64_READ = 4 };

/** A loaded range of physical memory. A segment may start and end inside a page; the pages are all its own.
 */
struct elf64_segment {
    uint64_t phys;       /**< of its first page */
    uint64_t bytes;      /**< of its pages */
    uint64_t data_phys;  /**< where the file's bytes start */
    uint64_t virt;       /**< p_vaddr, which some loaders take instead */
    uint64_t file_bytes; /**< so many; the rest of the pages is zero or never written */
    uint64_t mem_bytes;  /**< p_memsz */
    const uint8_t *data; /**< file_bytes of it, inside the file */
    uint32_t flags;      /**< enum elf64_flags */
};

/** A range the file names: a section or symbol. bytes == 0 and address == 0: not there. */
struct elf64_object {
    uint64_t address;
    uint64_t bytes;
    const uint8_t *data; /**< a section's bytes in the file, or NULL */
};

struct elf64 {
    const uint8_t *file; /**< borrowed */
    size_t file_bytes;
    uint64_t entry;
    struct elf64_segment *segments; /**< PT_LOAD, in order of address, apart from each other */
    size_t segment_count;
    uint64_t section_offset; /**< of the section header table, checked to be inside the file */
    uint32_t section_count;
    uint64_t names_offset; /**< of the section name string table, checked */
    uint64_t names_bytes;
};

/** Open a file's bytes. Returns ERR_FORMAT and says why in *findings. elf64_close() frees it, also then. */
ERR_CHECKED enum err elf64_open(struct elf64 *elf, const uint8_t *file, size_t file_bytes,
                                struct findings *findings);
void elf64_close(struct elf64 *elf);

/** The segment that holds all of [phys, phys + bytes), bytes > 0, or NULL. */
const struct elf64_segment *elf64_segment_at(const struct elf64 *elf, uint64_t phys, uint64_t bytes);

/** The first segment that ends above `phys`, or NULL: to go through a range piece by piece. */
const struct elf64_segment *elf64_segment_from(const struct elf64 *elf, uint64_t phys);

/** The file's bytes for all of [phys, phys + bytes), or NULL where the file has none. */
const uint8_t *elf64_bytes(const struct elf64 *elf, uint64_t phys, uint64_t bytes);

/**
 * Copy [phys, phys + bytes) as it is once the file is loaded: zero where the file has no bytes for a segment.
 * False where no segment is.
 */
bool elf64_copy(const struct elf64 *elf, uint64_t phys, void *out, uint64_t bytes);

/** The first section of that name; not found: all zero. */
struct elf64_object elf64_section(const struct elf64 *elf, const char *name);

/** The first defined symbol of that name in the first symbol table; not found: all zero. `data` stays NULL.
 */
struct elf64_object elf64_symbol(const struct elf64 *elf, const char *name);
