/* SPDX-License-Identifier: BSD-2-Clause */
/* Firmware of guests: raw or ELF, as one piece of memory. */
#include "tool/base/firmware_file.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"

/* A file being read, and where to complain. */
struct reader {
    const char *path;
    struct loc loc;
    struct diag *diag;
    const uint8_t *data;
    size_t bytes;
};

static enum err refuse(const struct reader *reader, const char *why)
{
    diag_error(reader->diag, reader->loc, "<firmware>: \"%s\": %s", reader->path, why);
    return ERR_FORMAT;
}

static enum err check_header(const struct reader *reader, Elf64_Ehdr *header)
{
    if (reader->bytes < sizeof(*header)) {
        return refuse(reader, "an ELF file that ends within its header");
    }
    memcpy(header, reader->data, sizeof(*header));
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_machine != EM_AARCH64) {
        return refuse(reader, "an ELF file, but not for AArch64, little-endian");
    }
    if (header->e_type != ET_EXEC) {
        return refuse(reader, "an ELF file that is no executable with fixed addresses; link it without -pie");
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff > reader->bytes ||
        header->e_phnum > (reader->bytes - header->e_phoff) / sizeof(Elf64_Phdr)) {
        return refuse(reader, "an ELF file that ends within its program headers");
    }
    return ERR_OK;
}

static Elf64_Phdr program_header(const struct reader *reader, const Elf64_Ehdr *header, uint32_t index)
{
    Elf64_Phdr segment;

    memcpy(&segment, reader->data + header->e_phoff + index * sizeof(segment), sizeof(segment));
    return segment;
}

/* The span of memory that the segments take. */
static enum err find_span(const struct reader *reader, const Elf64_Ehdr *header, uint64_t limit,
                          struct firmware_file *file)
{
    uint64_t start = UINT64_MAX;
    uint64_t end = 0;
    uint64_t stored_end = 0;

    for (uint32_t i = 0; i < header->e_phnum; i++) {
        const Elf64_Phdr segment = program_header(reader, header, i);

        if (segment.p_type != PT_LOAD || segment.p_memsz == 0) {
            continue;
        }
        if (segment.p_filesz > segment.p_memsz || segment.p_memsz > UINT64_MAX - segment.p_paddr ||
            segment.p_offset > reader->bytes || segment.p_filesz > reader->bytes - segment.p_offset) {
            return refuse(reader, "an ELF file with a segment that is not in the file");
        }
        start = segment.p_paddr < start ? segment.p_paddr : start;
        end = segment.p_paddr + segment.p_memsz > end ? segment.p_paddr + segment.p_memsz : end;
        stored_end =
            segment.p_paddr + segment.p_filesz > stored_end ? segment.p_paddr + segment.p_filesz : stored_end;
    }
    if (end == 0 || stored_end <= start) {
        return refuse(reader, "an ELF file with nothing to load");
    }
    if (end - start > limit) {
        return refuse(reader, "an ELF file whose segments lie further apart than the guest has RAM");
    }
    file->base = start;
    file->mem_bytes = end - start;
    file->bytes = stored_end - start;
    file->entry = header->e_entry;
    return ERR_OK;
}

static enum err flatten(const struct reader *reader, uint64_t limit, struct firmware_file *file)
{
    Elf64_Ehdr header;
    enum err err = check_header(reader, &header);

    if (err == ERR_OK) {
        err = find_span(reader, &header, limit, file);
    }
    if (err != ERR_OK) {
        return err;
    }
    file->data = mem_zalloc(file->bytes);
    for (uint32_t i = 0; i < header.e_phnum; i++) {
        const Elf64_Phdr segment = program_header(reader, &header, i);

        if (segment.p_type == PT_LOAD && segment.p_filesz > 0) {
            memcpy(file->data + (segment.p_paddr - file->base), reader->data + segment.p_offset,
                   segment.p_filesz);
        }
    }
    return ERR_OK;
}

enum err firmware_file_read(const char *path, uint64_t limit, struct loc loc, struct diag *diag,
                            struct firmware_file *file)
{
    struct reader reader = {.path = path, .loc = loc, .diag = diag};
    uint8_t *data = NULL;
    enum err err = file_read(path, loc, diag, &data, &reader.bytes);

    *file = (struct firmware_file){0};
    if (err != ERR_OK) {
        return err;
    }
    reader.data = data;
    if (reader.bytes < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0) {
        *file = (struct firmware_file){.data = data, .bytes = reader.bytes, .mem_bytes = reader.bytes};
        return ERR_OK;
    }
    file->is_elf = true;
    err = flatten(&reader, limit, file);
    free(data);
    return err;
}

void firmware_file_free(struct firmware_file *file)
{
    free(file->data);
    *file = (struct firmware_file){0};
}
