/* SPDX-License-Identifier: BSD-2-Clause */
/* From an ELF image to a flat arm64 Image. */
#include "tool/image/flat.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"

#define HEADER_BYTES 64u
#define HEADER_SIZE_OFFSET 16u
#define HEADER_MAGIC_OFFSET 56u
#define HEADER_MAGIC "ARM\x64"
/* As much as an image can be, for one that is none. */
#define FLAT_MAX_BYTES (1ull << 32)

/* The file, and what its program headers span. */
struct elf {
    const char *path;
    const uint8_t *data;
    size_t bytes;
    const Elf64_Phdr *segments;
    size_t count;
    uint64_t start, memory_end;
};

static enum err is_none(const struct elf *elf, struct diag *diag, const char *why)
{
    diag_error(diag, (struct loc){0}, "%s is no image that `causeway build` has made: %s", elf->path, why);
    return ERR_FORMAT;
}

static enum err find_segments(struct elf *elf, struct diag *diag)
{
    const Elf64_Ehdr *header = (const Elf64_Ehdr *)(const void *)elf->data;

    if (elf->bytes < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
        header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
        header->e_machine != EM_AARCH64) {
        return is_none(elf, diag, "it is not ELF for AArch64");
    }
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phoff % sizeof(uint64_t) != 0 ||
        header->e_phoff > elf->bytes ||
        header->e_phnum > (elf->bytes - header->e_phoff) / sizeof(Elf64_Phdr)) {
        return is_none(elf, diag, "its program headers lie outside the file");
    }
    elf->segments = (const Elf64_Phdr *)(const void *)(elf->data + header->e_phoff);
    elf->count = header->e_phnum;
    return ERR_OK;
}

static enum err measure(struct elf *elf, struct diag *diag)
{
    elf->start = UINT64_MAX;
    for (size_t i = 0; i < elf->count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];

        if (segment->p_type != PT_LOAD || segment->p_memsz == 0) {
            continue;
        }
        if (segment->p_filesz > segment->p_memsz || segment->p_offset > elf->bytes ||
            segment->p_filesz > elf->bytes - segment->p_offset ||
            segment->p_memsz > UINT64_MAX - segment->p_paddr) {
            return is_none(elf, diag, "a segment is larger than the file");
        }
        const uint64_t end = segment->p_paddr + segment->p_memsz;

        elf->start = segment->p_paddr < elf->start ? segment->p_paddr : elf->start;
        elf->memory_end = end > elf->memory_end ? end : elf->memory_end;
    }
    if (elf->memory_end == 0 || elf->memory_end - elf->start > FLAT_MAX_BYTES ||
        elf->memory_end - elf->start < HEADER_BYTES) {
        return is_none(elf, diag, "its segments are too far apart, or there are none");
    }
    return ERR_OK;
}

/* Memory that is not loaded has to be zero all the same: all of it is in the file. */
static enum err flatten(const struct elf *elf, const char *output, struct diag *diag)
{
    const size_t bytes = elf->memory_end - elf->start;
    uint8_t *flat = mem_zalloc(bytes);
    const uint64_t size = bytes;
    enum err err;

    for (size_t i = 0; i < elf->count; i++) {
        const Elf64_Phdr *segment = &elf->segments[i];

        if (segment->p_type == PT_LOAD && segment->p_filesz != 0) {
            memcpy(flat + (segment->p_paddr - elf->start), elf->data + segment->p_offset, segment->p_filesz);
        }
    }
    if (memcmp(flat + HEADER_MAGIC_OFFSET, HEADER_MAGIC, sizeof(HEADER_MAGIC) - 1) != 0) {
        err = is_none(elf, diag, "it does not begin with the header of an arm64 Image");
    } else {
        memcpy(flat + HEADER_SIZE_OFFSET, &size, sizeof(size));
        err = file_write(output, flat, bytes, 0644, diag);
    }
    free(flat);
    return err;
}

enum err flat_write(const char *path, const char *output, struct diag *diag)
{
    struct elf elf = {.path = path};
    uint8_t *data = NULL;
    enum err err = file_read(path, (struct loc){0}, diag, &data, &elf.bytes);

    if (err != ERR_OK) {
        return err;
    }
    elf.data = data;
    err = find_segments(&elf, diag);
    if (err == ERR_OK) {
        err = measure(&elf, diag);
    }
    if (err == ERR_OK) {
        err = flatten(&elf, output, diag);
    }
    free(data);
    return err;
}
