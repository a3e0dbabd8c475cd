/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/elf_program.h"

#include <gelf.h>
#include <libelf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"

__attribute__((format(printf, 3, 4))) static enum err bad(const struct elf_program *program,
                                                          struct diag *diag, const char *format, ...)
{
    char what[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);
    diag_error(diag, program->loc, "%s: %s", program->path, what);
    return ERR_FORMAT;
}

/** Whether [start, start + bytes) neither wraps nor reaches beyond `limit`. */
static bool fits(uint64_t start, uint64_t bytes, uint64_t limit)
{
    return start <= limit && bytes <= limit - start;
}

static enum err check_header(struct elf_program *program, struct diag *diag)
{
    GElf_Ehdr header;

    if (elf_kind(program->elf) != ELF_K_ELF || gelf_getehdr(program->elf, &header) == NULL) {
        return bad(program, diag, "not an ELF file");
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        return bad(program, diag, "not a 64-bit little-endian ELF file");
    }
    if (header.e_machine != EM_AARCH64) {
        return bad(program, diag, "built for ELF machine %u, not for AArch64 (%u)",
                   (unsigned int)header.e_machine, (unsigned int)EM_AARCH64);
    }
    if (header.e_type != ET_EXEC) {
        return bad(program, diag,
                   "ELF type %u is not an executable at fixed addresses (%u): link it with -static -no-pie",
                   (unsigned int)header.e_type, (unsigned int)ET_EXEC);
    }
    program->entry = header.e_entry;
    return ERR_OK;
}

static enum err check_segment(const struct elf_program *program, const GElf_Phdr *header, size_t index,
                              struct diag *diag)
{
    if (header->p_filesz > header->p_memsz) {
        return bad(program, diag, "segment %zu has more bytes in the file than in memory", index);
    }
    if (!fits(header->p_offset, header->p_filesz, program->file_bytes)) {
        return bad(program, diag, "segment %zu reaches beyond the end of the file", index);
    }
    if (!fits(header->p_vaddr, header->p_memsz, UINT64_MAX)) {
        return bad(program, diag, "segment %zu wraps around the address space", index);
    }
    if (header->p_memsz > ELF_PROGRAM_MAX_BYTES) {
        (void)bad(program, diag, "segment %zu takes 0x%llx bytes of memory, more than 0x%llx", index,
                  (unsigned long long)header->p_memsz, ELF_PROGRAM_MAX_BYTES);
        return ERR_UNSUPPORTED;
    }
    if ((header->p_flags & PF_W) != 0 && (header->p_flags & PF_X) != 0) {
        (void)bad(program, diag,
                  "segment %zu at 0x%llx is both writable and executable: give code and data a segment each",
                  index, (unsigned long long)header->p_vaddr);
        return ERR_UNSUPPORTED;
    }
    return ERR_OK;
}

static void add_segment(struct elf_program *program, const GElf_Phdr *header)
{
    struct elf_program_segment segment = {
        .vaddr = header->p_vaddr,
        .mem_bytes = header->p_memsz,
        .file_bytes = header->p_filesz,
        .file_offset = header->p_offset,
        .stored_bytes = header->p_filesz,
        .perms = ELF_PROGRAM_READ | ((header->p_flags & PF_W) != 0 ? ELF_PROGRAM_WRITE : 0u) |
                 ((header->p_flags & PF_X) != 0 ? ELF_PROGRAM_EXECUTE : 0u),
    };

    segment.data = mem_zalloc(segment.mem_bytes);
    memcpy(segment.data, program->file + header->p_offset, header->p_filesz);
    program->segments =
        mem_grow(program->segments, program->segment_count, sizeof(struct elf_program_segment));
    program->segments[program->segment_count++] = segment;
}

static int compare_segments(const void *a, const void *b)
{
    const struct elf_program_segment *first = a;
    const struct elf_program_segment *second = b;

    return first->vaddr < second->vaddr ? -1 : first->vaddr > second->vaddr;
}

static enum err check_overlaps(struct elf_program *program, struct diag *diag)
{
    if (program->segment_count > 0) {
        qsort(program->segments, program->segment_count, sizeof program->segments[0], compare_segments);
    }
    for (size_t i = 1; i < program->segment_count; i++) {
        const struct elf_program_segment *below = &program->segments[i - 1];

        if (program->segments[i].vaddr - below->vaddr < below->mem_bytes) {
            return bad(program, diag, "segments at 0x%llx and 0x%llx overlap",
                       (unsigned long long)below->vaddr, (unsigned long long)program->segments[i].vaddr);
        }
    }
    return ERR_OK;
}

static enum err check_entry(const struct elf_program *program, struct diag *diag)
{
    for (size_t i = 0; i < program->segment_count; i++) {
        const struct elf_program_segment *segment = &program->segments[i];

        if (program->entry - segment->vaddr < segment->mem_bytes &&
            (segment->perms & ELF_PROGRAM_EXECUTE) != 0 && program->entry % 4 == 0) {
            return ERR_OK;
        }
    }
    return bad(program, diag, "the entry point 0x%llx is not in an executable segment",
               (unsigned long long)program->entry);
}

static enum err read_segments(struct elf_program *program, struct diag *diag)
{
    size_t header_count;
    enum err err;

    if (elf_getphdrnum(program->elf, &header_count) != 0) {
        return bad(program, diag, "malformed program headers: %s", elf_errmsg(-1));
    }
    for (size_t i = 0; i < header_count; i++) {
        GElf_Phdr header;

        if (gelf_getphdr(program->elf, (int)i, &header) == NULL) {
            return bad(program, diag, "malformed program header %zu: %s", i, elf_errmsg(-1));
        }
        if (header.p_type == PT_INTERP || header.p_type == PT_DYNAMIC) {
            return bad(program, diag, "dynamically linked: link it with -static -no-pie");
        }
        if (header.p_type != PT_LOAD || header.p_memsz == 0) {
            continue;
        }
        err = check_segment(program, &header, i, diag);
        if (err != ERR_OK) {
            return err;
        }
        if (program->segment_count == ELF_PROGRAM_MAX_SEGMENTS) {
            (void)bad(program, diag, "more than %u loadable segments", ELF_PROGRAM_MAX_SEGMENTS);
            return ERR_UNSUPPORTED;
        }
        add_segment(program, &header);
    }
    err = check_overlaps(program, diag);
    return err == ERR_OK ? check_entry(program, diag) : err;
}

enum err elf_program_load(struct elf_program *program, const char *path, struct loc loc, struct diag *diag)
{
    enum err err;

    *program = (struct elf_program){.path = mem_strdup(path), .loc = loc};
    (void)elf_version(EV_CURRENT);
    err = file_read(path, loc, diag, &program->file, &program->file_bytes);
    if (err == ERR_OK) {
        program->elf = elf_memory((char *)program->file, program->file_bytes);
        err = program->elf != NULL ? check_header(program, diag) : bad(program, diag, "not an ELF file");
    } else {
        program->file = NULL;
    }
    if (err == ERR_OK) {
        err = read_segments(program, diag);
    }
    if (err != ERR_OK) {
        elf_program_free(program);
    }
    return err;
}

void elf_program_free(struct elf_program *program)
{
    for (size_t i = 0; i < program->segment_count; i++) {
        free(program->segments[i].data);
    }
    free(program->segments);
    if (program->elf != NULL) {
        (void)elf_end(program->elf);
    }
    free(program->file);
    free(program->path);
    *program = (struct elf_program){0};
}

/** Look for `name` in one symbol table section. */
static bool find_in_table(const struct elf_program *program, Elf_Scn *section, const GElf_Shdr *header,
                          const char *name, struct elf_program_range *range)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count =
        header->sh_entsize == sizeof(Elf64_Sym) && data != NULL ? data->d_size / sizeof(Elf64_Sym) : 0;

    for (size_t i = 1; i < count && i <= INT32_MAX; i++) {
        const char *symbol_name;
        GElf_Sym symbol;

        if (gelf_getsym(data, (int)i, &symbol) == NULL || symbol.st_shndx == SHN_UNDEF) {
            continue;
        }
        symbol_name = elf_strptr(program->elf, header->sh_link, symbol.st_name);
        if (symbol_name != NULL && strcmp(symbol_name, name) == 0) {
            *range = (struct elf_program_range){.vaddr = symbol.st_value, .bytes = symbol.st_size};
            return true;
        }
    }
    return false;
}

bool elf_program_find_symbol(const struct elf_program *program, const char *name,
                             struct elf_program_range *range)
{
    Elf_Scn *section = NULL;

    while ((section = elf_nextscn(program->elf, section)) != NULL) {
        GElf_Shdr header;

        if (gelf_getshdr(section, &header) != NULL && header.sh_type == SHT_SYMTAB &&
            find_in_table(program, section, &header, name, range)) {
            return true;
        }
    }
    return false;
}

bool elf_program_find_section(const struct elf_program *program, const char *name,
                              struct elf_program_range *range)
{
    Elf_Scn *section = NULL;
    size_t names;

    if (elf_getshdrstrndx(program->elf, &names) != 0) {
        return false;
    }
    while ((section = elf_nextscn(program->elf, section)) != NULL) {
        const char *section_name;
        GElf_Shdr header;

        if (gelf_getshdr(section, &header) == NULL || (header.sh_flags & SHF_ALLOC) == 0) {
            continue;
        }
        section_name = elf_strptr(program->elf, names, header.sh_name);
        if (section_name != NULL && strcmp(section_name, name) == 0) {
            *range = (struct elf_program_range){.vaddr = header.sh_addr, .bytes = header.sh_size};
            return true;
        }
    }
    return false;
}

static struct elf_program_segment *segment_at(const struct elf_program *program, uint64_t vaddr,
                                              uint64_t bytes)
{
    for (size_t i = 0; i < program->segment_count; i++) {
        struct elf_program_segment *segment = &program->segments[i];

        if (vaddr >= segment->vaddr && fits(vaddr - segment->vaddr, bytes, segment->mem_bytes)) {
            return segment;
        }
    }
    return NULL;
}

const uint8_t *elf_program_peek(const struct elf_program *program, uint64_t vaddr, uint64_t bytes)
{
    const struct elf_program_segment *segment = segment_at(program, vaddr, bytes);

    return segment == NULL ? NULL : segment->data + (vaddr - segment->vaddr);
}

enum err elf_program_write(struct elf_program *program, uint64_t vaddr, const void *data, uint64_t bytes)
{
    struct elf_program_segment *segment = segment_at(program, vaddr, bytes);
    uint64_t end;

    if (segment == NULL) {
        return ERR_RANGE;
    }
    memcpy(segment->data + (vaddr - segment->vaddr), data, bytes);
    end = vaddr - segment->vaddr + bytes;
    if (segment->file_bytes < end) {
        segment->file_bytes = end;
    }
    return ERR_OK;
}
