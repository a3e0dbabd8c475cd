/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads ELF files: segments, sections, symbols. */
#include "verify/image/elf64.h"

#include <assert.h>
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers are read as the host lays them out");

/** Copy `bytes` at `offset` of the file. False if it hasn't got them. */
static bool read_at(const struct elf64 *elf, uint64_t offset, void *out, uint64_t bytes)
{
    if (offset > elf->file_bytes || bytes > elf->file_bytes - offset) {
        return false;
    }
    memcpy(out, elf->file + offset, bytes);
    return true;
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

static enum err add_segment(struct elf64 *elf, const Elf64_Phdr *header, struct findings *findings)
{
    uint64_t start = header->p_paddr;
    uint64_t bytes = header->p_memsz;
    uint64_t phys = start / ELF64_PAGE_BYTES * ELF64_PAGE_BYTES;
    if (header->p_type != PT_LOAD || (bytes == 0 && header->p_filesz == 0)) {
        return ERR_OK;
    }
    if (start > UINT64_MAX - ELF64_PAGE_BYTES || bytes > UINT64_MAX - ELF64_PAGE_BYTES - start) {
        return findings_malformed(findings, "segment at 0x%" PRIx64 " wraps around", start);
    }
    if (header->p_filesz > bytes || !has(elf, header->p_offset, header->p_filesz)) {
        return findings_malformed(
            findings, "segment at 0x%" PRIx64 " is not inside the file or longer there than in memory",
            start);
    }
    elf->segments[elf->segment_count++] = (struct elf64_segment){
        .phys = phys,
        .bytes = (start + bytes + ELF64_PAGE_BYTES - 1) / ELF64_PAGE_BYTES * ELF64_PAGE_BYTES - phys,
        .data_phys = start,
        .virt = header->p_vaddr,
        .file_bytes = header->p_filesz,
        .mem_bytes = bytes,
        .data = elf->file + header->p_offset,
        .flags = header->p_flags,
    };
    return ERR_OK;
}

static enum err read_segments(struct elf64 *elf, const Elf64_Ehdr *header, struct findings *findings)
{
    Elf64_Phdr segment;
    if (header->e_phentsize != sizeof segment || header->e_phnum == 0 ||
        !has(elf, header->e_phoff, (uint64_t)header->e_phnum * sizeof segment)) {
        return findings_malformed(findings, "the program headers are not inside the file");
    }
    elf->segments = calloc(header->e_phnum, sizeof *elf->segments);
    if (elf->segments == NULL) {
        return findings_malformed(findings, "out of memory");
    }
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        memcpy(&segment, elf->file + header->e_phoff + i * sizeof segment, sizeof segment);
        enum err err = add_segment(elf, &segment, findings);
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

static Elf64_Shdr section_header(const struct elf64 *elf, uint32_t index)
{
    Elf64_Shdr header;
    memcpy(&header, elf->file + elf->section_offset + (uint64_t)index * sizeof header, sizeof header);
    return header;
}

static enum err read_section_table(struct elf64 *elf, const Elf64_Ehdr *header, struct findings *findings)
{
    Elf64_Shdr names;
    if (header->e_shentsize != sizeof names ||
        !has(elf, header->e_shoff, (uint64_t)header->e_shnum * sizeof names) ||
        header->e_shstrndx >= header->e_shnum) {
        return findings_malformed(findings, "the section headers are not inside the file");
    }
    elf->section_offset = header->e_shoff;
    elf->section_count = header->e_shnum;
    names = section_header(elf, header->e_shstrndx);
    elf->names_offset = names.sh_offset;
    elf->names_bytes = names.sh_size;
    if (!has(elf, elf->names_offset, elf->names_bytes)) {
        return findings_malformed(findings, "the section names are not inside the file");
    }
    return ERR_OK;
}

enum err elf64_open(struct elf64 *elf, const uint8_t *file, size_t file_bytes, struct findings *findings)
{
    static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    Elf64_Ehdr header;
    enum err err;
    *elf = (struct elf64){.file = file, .file_bytes = file_bytes};
    if (!read_at(elf, 0, &header, sizeof header) || memcmp(header.e_ident, ident, sizeof ident) != 0) {
        return findings_malformed(findings, "not a little-endian 64-bit ELF file");
    }
    if (header.e_type != ET_EXEC || header.e_machine != EM_AARCH64) {
        return findings_malformed(findings, "not an AArch64 executable");
    }
    elf->entry = header.e_entry;
    err = read_segments(elf, &header, findings);
    return err == ERR_OK ? read_section_table(elf, &header, findings) : err;
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

bool elf64_copy(const struct elf64 *elf, uint64_t phys, void *out, uint64_t bytes)
{
    const struct elf64_segment *segment = elf64_segment_at(elf, phys, bytes);
    if (segment == NULL) {
        return false;
    }
    memset(out, 0, bytes);
    for (uint64_t i = 0; i < bytes; i++) {
        if (phys + i >= segment->data_phys && phys + i - segment->data_phys < segment->file_bytes) {
            ((uint8_t *)out)[i] = segment->data[phys + i - segment->data_phys];
        }
    }
    return true;
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
        Elf64_Shdr header = section_header(elf, i);
        if (is_named(elf, elf->names_offset, elf->names_bytes, header.sh_name, name)) {
            object.address = header.sh_addr;
            object.bytes = header.sh_size;
            if (header.sh_type != SHT_NOBITS && has(elf, header.sh_offset, object.bytes)) {
                object.data = elf->file + header.sh_offset;
            }
            break;
        }
    }
    return object;
}

/** Look for a symbol in the symbol table `table`. */
static struct elf64_object symbol_in(const struct elf64 *elf, const Elf64_Shdr *table, const char *name)
{
    struct elf64_object object = {0, 0, NULL};
    Elf64_Shdr strings;
    Elf64_Sym symbol;
    if (table->sh_link >= elf->section_count || !has(elf, table->sh_offset, table->sh_size)) {
        return object;
    }
    strings = section_header(elf, table->sh_link);
    if (!has(elf, strings.sh_offset, strings.sh_size)) {
        return object;
    }
    for (uint64_t i = 0; i < table->sh_size / sizeof symbol; i++) {
        memcpy(&symbol, elf->file + table->sh_offset + i * sizeof symbol, sizeof symbol);
        if (symbol.st_shndx != SHN_UNDEF &&
            is_named(elf, strings.sh_offset, strings.sh_size, symbol.st_name, name)) {
            object.address = symbol.st_value;
            object.bytes = symbol.st_size;
            break;
        }
    }
    return object;
}

struct elf64_object elf64_symbol(const struct elf64 *elf, const char *name)
{
    for (uint32_t i = 0; i < elf->section_count; i++) {
        Elf64_Shdr header = section_header(elf, i);
        if (header.sh_type == SHT_SYMTAB) { /* the first only: a hostile file could have any number */
            return symbol_in(elf, &header, name);
        }
    }
    return (struct elf64_object){0, 0, NULL};
}
