/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/elf64.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Sizes and offsets in bytes of the ELF structures used here. */
enum { EHDR_BYTES = 64, PHDR_BYTES = 56, SHDR_BYTES = 64, SYM_BYTES = 24 };
enum {
    EH_TYPE = 16,
    EH_MACHINE = 18,
    EH_ENTRY = 24,
    EH_PHOFF = 32,
    EH_SHOFF = 40,
    EH_PHENTSIZE = 54,
    EH_PHNUM = 56,
    EH_SHENTSIZE = 58,
    EH_SHNUM = 60,
    EH_SHSTRNDX = 62
};
enum { PH_TYPE = 0, PH_FLAGS = 4, PH_OFFSET = 8, PH_PADDR = 24, PH_FILESZ = 32, PH_MEMSZ = 40 };
enum { SH_NAME = 0, SH_TYPE = 4, SH_ADDR = 16, SH_OFFSET = 24, SH_SIZE = 32, SH_LINK = 40 };
enum { SYM_NAME = 0, SYM_SHNDX = 6, SYM_VALUE = 8, SYM_SIZE = 16 };
enum { ET_EXEC = 2, EM_AARCH64 = 183, PT_LOAD = 1, SHT_SYMTAB = 2, SHT_NOBITS = 8 };

static uint64_t get(const uint8_t *at, unsigned int bytes)
{
    uint64_t value = 0;
    for (unsigned int i = bytes; i-- > 0;) {
        value = value << 8 | at[i];
    }
    return value;
}

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)get(at, 2);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get(at, 4);
}

static uint64_t get64(const uint8_t *at)
{
    return get(at, 8);
}

/** Whether the file has [offset, offset + bytes). */
static bool has(const struct elf64 *elf, uint64_t offset, uint64_t bytes)
{
    return offset <= elf->file_bytes && bytes <= elf->file_bytes - offset;
}

static int compare_segments(const void *a, const void *b)
{
    const struct elf64_segment *one = a;
    const struct elf64_segment *other = b;
    return one->phys < other->phys ? -1 : one->phys > other->phys;
}

static enum err read_segment(struct elf64 *elf, const uint8_t *header, struct findings *findings)
{
    struct elf64_segment *segment = &elf->segments[elf->segment_count];
    uint64_t offset = get64(header + PH_OFFSET);
    uint64_t bytes = get64(header + PH_MEMSZ);
    uint64_t start = get64(header + PH_PADDR);
    if (get32(header + PH_TYPE) != PT_LOAD || bytes == 0) {
        return ERR_OK;
    }
    segment->data_phys = start;
    segment->file_bytes = get64(header + PH_FILESZ);
    segment->flags = get32(header + PH_FLAGS);
    if (start > UINT64_MAX - ELF64_PAGE_BYTES || bytes > UINT64_MAX - ELF64_PAGE_BYTES - start) {
        return findings_malformed(findings, "segment at 0x%" PRIx64 " wraps around", start);
    }
    if (segment->file_bytes > bytes || !has(elf, offset, segment->file_bytes)) {
        return findings_malformed(findings, "segment at 0x%" PRIx64 " is not inside the file", start);
    }
    segment->data = elf->file + offset;
    segment->phys = start / ELF64_PAGE_BYTES * ELF64_PAGE_BYTES;
    segment->bytes =
        (start + bytes + ELF64_PAGE_BYTES - 1) / ELF64_PAGE_BYTES * ELF64_PAGE_BYTES - segment->phys;
    elf->segment_count++;
    return ERR_OK;
}

static enum err read_segments(struct elf64 *elf, struct findings *findings)
{
    uint64_t offset = get64(elf->file + EH_PHOFF);
    uint32_t count = get16(elf->file + EH_PHNUM);
    if (get16(elf->file + EH_PHENTSIZE) != PHDR_BYTES || count == 0 ||
        !has(elf, offset, (uint64_t)count * PHDR_BYTES)) {
        return findings_malformed(findings, "the program headers are not inside the file");
    }
    elf->segments = calloc(count, sizeof *elf->segments);
    if (elf->segments == NULL) {
        return findings_malformed(findings, "out of memory");
    }
    for (uint32_t i = 0; i < count; i++) {
        enum err err = read_segment(elf, elf->file + offset + (uint64_t)i * PHDR_BYTES, findings);
        if (err != ERR_OK) {
            return err;
        }
    }
    qsort(elf->segments, elf->segment_count, sizeof *elf->segments, compare_segments);
    for (size_t i = 1; i < elf->segment_count; i++) {
        const struct elf64_segment *before = &elf->segments[i - 1];
        if (before->phys + before->bytes > elf->segments[i].phys) {
            return findings_malformed(findings, "segments at 0x%" PRIx64 " and 0x%" PRIx64 " overlap",
                                      before->phys, elf->segments[i].phys);
        }
    }
    return ERR_OK;
}

static const uint8_t *section_header(const struct elf64 *elf, uint32_t index)
{
    return elf->file + elf->section_offset + (uint64_t)index * SHDR_BYTES;
}

static enum err read_section_table(struct elf64 *elf, struct findings *findings)
{
    uint64_t offset = get64(elf->file + EH_SHOFF);
    uint32_t count = get16(elf->file + EH_SHNUM);
    uint32_t names = get16(elf->file + EH_SHSTRNDX);
    if (get16(elf->file + EH_SHENTSIZE) != SHDR_BYTES || !has(elf, offset, (uint64_t)count * SHDR_BYTES) ||
        names >= count) {
        return findings_malformed(findings, "the section headers are not inside the file");
    }
    elf->section_offset = offset;
    elf->section_count = count;
    elf->names_offset = get64(section_header(elf, names) + SH_OFFSET);
    elf->names_bytes = get64(section_header(elf, names) + SH_SIZE);
    if (!has(elf, elf->names_offset, elf->names_bytes)) {
        return findings_malformed(findings, "the section names are not inside the file");
    }
    return ERR_OK;
}

enum err elf64_open(struct elf64 *elf, const uint8_t *file, size_t file_bytes, struct findings *findings)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2 /* 64 bits */, 1 /* little-endian */, 1};
    enum err err;
    *elf = (struct elf64){.file = file, .file_bytes = file_bytes};
    if (file_bytes < EHDR_BYTES || memcmp(file, ident, sizeof ident) != 0) {
        return findings_malformed(findings, "not a little-endian 64-bit ELF file");
    }
    if (get16(file + EH_TYPE) != ET_EXEC || get16(file + EH_MACHINE) != EM_AARCH64) {
        return findings_malformed(findings, "not an AArch64 executable");
    }
    elf->entry = get64(file + EH_ENTRY);
    err = read_segments(elf, findings);
    return err == ERR_OK ? read_section_table(elf, findings) : err;
}

void elf64_close(struct elf64 *elf)
{
    free(elf->segments);
    *elf = (struct elf64){0};
}

const struct elf64_segment *elf64_segment_from(const struct elf64 *elf, uint64_t phys)
{
    size_t low = 0;
    size_t high = elf->segment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (elf->segments[middle].phys + elf->segments[middle].bytes > phys) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < elf->segment_count ? &elf->segments[low] : NULL;
}

const struct elf64_segment *elf64_segment_at(const struct elf64 *elf, uint64_t phys, uint64_t bytes)
{
    const struct elf64_segment *segment = elf64_segment_from(elf, phys);
    if (segment == NULL || phys < segment->phys || bytes > segment->bytes ||
        phys - segment->phys > segment->bytes - bytes) {
        return NULL;
    }
    return segment;
}

const uint8_t *elf64_bytes(const struct elf64 *elf, uint64_t phys, uint64_t bytes)
{
    const struct elf64_segment *segment = elf64_segment_at(elf, phys, bytes);
    if (segment == NULL || phys < segment->data_phys || bytes > segment->file_bytes ||
        phys - segment->data_phys > segment->file_bytes - bytes) {
        return NULL;
    }
    return segment->data + (phys - segment->data_phys);
}

/** Whether the string at `offset` of the string table at [table, table + bytes) of the file is `name`. */
static bool is_named(const struct elf64 *elf, uint64_t table, uint64_t bytes, uint32_t offset,
                     const char *name)
{
    size_t length = strlen(name) + 1;
    return offset <= bytes && length <= bytes - offset &&
           memcmp(elf->file + table + offset, name, length) == 0;
}

struct elf64_object elf64_section(const struct elf64 *elf, const char *name)
{
    struct elf64_object object = {0, 0, NULL};
    for (uint32_t i = 0; i < elf->section_count; i++) {
        const uint8_t *header = section_header(elf, i);
        uint64_t offset = get64(header + SH_OFFSET);
        if (!is_named(elf, elf->names_offset, elf->names_bytes, get32(header + SH_NAME), name)) {
            continue;
        }
        object.address = get64(header + SH_ADDR);
        object.bytes = get64(header + SH_SIZE);
        if (get32(header + SH_TYPE) != SHT_NOBITS && has(elf, offset, object.bytes)) {
            object.data = elf->file + offset;
        }
        break;
    }
    return object;
}

/** Look for a symbol in the symbol table that `header` describes. */
static struct elf64_object symbol_in(const struct elf64 *elf, const uint8_t *header, const char *name)
{
    struct elf64_object object = {0, 0, NULL};
    uint64_t offset = get64(header + SH_OFFSET);
    uint64_t count = get64(header + SH_SIZE) / SYM_BYTES;
    uint32_t link = get32(header + SH_LINK);
    uint64_t strings;
    uint64_t strings_bytes;
    if (link >= elf->section_count || !has(elf, offset, get64(header + SH_SIZE))) {
        return object;
    }
    strings = get64(section_header(elf, link) + SH_OFFSET);
    strings_bytes = get64(section_header(elf, link) + SH_SIZE);
    if (!has(elf, strings, strings_bytes)) {
        return object;
    }
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *symbol = elf->file + offset + i * SYM_BYTES;
        if (get16(symbol + SYM_SHNDX) != 0 &&
            is_named(elf, strings, strings_bytes, get32(symbol + SYM_NAME), name)) {
            object.address = get64(symbol + SYM_VALUE);
            object.bytes = get64(symbol + SYM_SIZE);
            break;
        }
    }
    return object;
}

struct elf64_object elf64_symbol(const struct elf64 *elf, const char *name)
{
    struct elf64_object object = {0, 0, NULL};
    for (uint32_t i = 0; i < elf->section_count && object.bytes == 0; i++) {
        if (get32(section_header(elf, i) + SH_TYPE) == SHT_SYMTAB) {
            object = symbol_in(elf, section_header(elf, i), name);
        }
    }
    return object;
}
