/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/microkit/elf_save.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/base/range.h"

#define PAGE_BYTES 0x1000u

/** The file being made. */
struct output {
    uint8_t *data;
    size_t bytes;
    Elf64_Phdr *headers;
    size_t header_count;
};

/** Append at the next file offset that is congruent to `address` modulo a page; returns that offset. */
static size_t append(struct output *output, uint64_t address, const void *data, size_t bytes)
{
    size_t start = (output->bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES + address % PAGE_BYTES;
    uint8_t *grown = mem_zalloc(start + bytes);

    memcpy(grown, output->data, output->bytes);
    if (bytes > 0) {
        memcpy(grown + start, data, bytes);
    }
    free(output->data);
    output->data = grown;
    output->bytes = start + bytes;
    return start;
}

static enum err read_headers(const struct elf_program *program, size_t extra_count, struct output *output,
                             struct diag *diag)
{
    Elf64_Ehdr header;

    memcpy(&header, program->file, sizeof header);
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum + extra_count >= PN_XNUM ||
        header.e_phoff > program->file_bytes ||
        header.e_phnum * sizeof(Elf64_Phdr) > program->file_bytes - header.e_phoff) {
        diag_error(diag, program->loc, "%s: its program headers cannot be extended", program->path);
        return ERR_FORMAT;
    }
    output->headers = mem_zalloc((header.e_phnum + extra_count) * sizeof(Elf64_Phdr));
    output->header_count = header.e_phnum;
    memcpy(output->headers, program->file + header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr));
    return ERR_OK;
}

static Elf64_Phdr *header_of(struct output *output, const struct elf_program_segment *segment)
{
    for (size_t i = 0; i < output->header_count; i++) {
        Elf64_Phdr *header = &output->headers[i];

        if (header->p_type == PT_LOAD && header->p_memsz > 0 && header->p_vaddr == segment->vaddr) {
            return header;
        }
    }
    return NULL;
}

static void put_segments(struct output *output, const struct elf_program *program)
{
    for (size_t i = 0; i < program->segment_count; i++) {
        const struct elf_program_segment *segment = &program->segments[i];
        Elf64_Phdr *header = header_of(output, segment);

        if (segment->file_bytes > segment->stored_bytes && header != NULL) {
            header->p_offset = append(output, segment->vaddr, segment->data, segment->file_bytes);
            header->p_filesz = segment->file_bytes;
        }
        /* Also where a debugger looks for the section, if it moved. */
        memcpy(output->data + segment->file_offset, segment->data, segment->stored_bytes);
    }
}

static void add_segment(struct output *output, const struct elf_program_segment *segment)
{
    size_t offset = append(output, segment->vaddr, segment->data, segment->file_bytes);

    output->headers[output->header_count++] =
        (Elf64_Phdr){.p_type = PT_LOAD,
                     .p_flags = PF_R | ((segment->perms & ELF_PROGRAM_WRITE) != 0 ? PF_W : 0u) |
                                ((segment->perms & ELF_PROGRAM_EXECUTE) != 0 ? PF_X : 0u),
                     .p_offset = offset,
                     .p_vaddr = segment->vaddr,
                     .p_paddr = segment->vaddr,
                     .p_filesz = segment->file_bytes,
                     .p_memsz = segment->mem_bytes,
                     .p_align = PAGE_BYTES};
}

static bool overlap(const struct elf_program_segment *a, const struct elf_program_segment *b)
{
    return range_overlaps(a->vaddr, a->mem_bytes, b->vaddr, b->mem_bytes);
}

static enum err check_extra(const struct elf_program *program, const struct elf_program_segment *extra,
                            size_t extra_count, struct diag *diag)
{
    for (size_t i = 0; i < extra_count; i++) {
        for (size_t j = 0; j < program->segment_count + i; j++) {
            const struct elf_program_segment *other =
                j < program->segment_count ? &program->segments[j] : &extra[j - program->segment_count];

            if (overlap(&extra[i], other)) {
                diag_error(diag, program->loc, "%s: contents to add at 0x%llx overlap its segment at 0x%llx",
                           program->path, (unsigned long long)extra[i].vaddr,
                           (unsigned long long)other->vaddr);
                return ERR_STATE;
            }
        }
    }
    return ERR_OK;
}

enum err elf_save(const struct elf_program *program, const struct elf_program_segment *extra,
                  size_t extra_count, const char *path, struct diag *diag)
{
    struct output output = {0};
    Elf64_Ehdr header;
    enum err err = check_extra(program, extra, extra_count, diag);

    if (err == ERR_OK) {
        err = read_headers(program, extra_count, &output, diag);
    }
    if (err != ERR_OK) {
        return err;
    }
    output.data = mem_dup(program->file, program->file_bytes);
    output.bytes = program->file_bytes;
    put_segments(&output, program);
    for (size_t i = 0; i < extra_count; i++) {
        add_segment(&output, &extra[i]);
    }
    memcpy(&header, output.data, sizeof header);
    header.e_phoff = append(&output, 0, output.headers, output.header_count * sizeof(Elf64_Phdr));
    header.e_phnum = (Elf64_Half)output.header_count;
    memcpy(output.data, &header, sizeof header);
    err = file_write(path, output.data, output.bytes, 0644, diag);
    free(output.headers);
    free(output.data);
    return err;
}
