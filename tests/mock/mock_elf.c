/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/mock_elf.h"

#include <assert.h>
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_BYTES 0x2000u /**< room for a segment's contents */
#define STRINGS_BYTES 0x1000u

/** Offsets of the parts in the file. */
#define OFFSET_STRINGS 0x1000u
#define OFFSET_SYMBOLS 0x2000u
#define OFFSET_SECTIONS 0x3000u
#define OFFSET_SEGMENTS 0x4000u
#define FILE_BYTES (OFFSET_SEGMENTS + MOCK_ELF_MAX * SEGMENT_BYTES)

/** Append to the string table, which serves symbols and sections alike. */
static uint32_t add_string(uint8_t *file, size_t *used, const char *text)
{
    size_t at = *used;

    assert(at + strlen(text) + 1 <= STRINGS_BYTES);
    memcpy(file + OFFSET_STRINGS + at, text, strlen(text) + 1);
    *used += strlen(text) + 1;
    return (uint32_t)at;
}

static uint16_t put_segments(const struct mock_elf *elf, uint8_t *file)
{
    uint16_t count = 0;

    for (; count < MOCK_ELF_MAX && elf->segments[count].mem_bytes > 0; count++) {
        const struct mock_elf_segment *segment = &elf->segments[count];
        uint64_t offset = OFFSET_SEGMENTS + count * SEGMENT_BYTES;
        Elf64_Phdr header = {.p_type = PT_LOAD,
                             .p_flags = segment->flags,
                             .p_offset = offset,
                             .p_vaddr = segment->vaddr,
                             .p_paddr = segment->vaddr,
                             .p_filesz = segment->file_bytes,
                             .p_memsz = segment->mem_bytes,
                             .p_align = 1};

        assert(segment->file_bytes <= SEGMENT_BYTES);
        memcpy(file + sizeof(Elf64_Ehdr) + count * sizeof header, &header, sizeof header);
        if (segment->data != NULL) {
            memcpy(file + offset, segment->data, segment->file_bytes);
        } else {
            memset(file + offset, count + 1, segment->file_bytes);
        }
    }
    return count;
}

static size_t put_symbols(const struct mock_elf *elf, uint8_t *file, size_t *used)
{
    size_t count = 1;

    for (size_t i = 0; i < MOCK_ELF_MAX && elf->symbols[i].name != NULL; i++) {
        Elf64_Sym symbol = {.st_name = add_string(file, used, elf->symbols[i].name),
                            .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
                            .st_shndx = SHN_ABS,
                            .st_value = elf->symbols[i].vaddr,
                            .st_size = elf->symbols[i].bytes};

        memcpy(file + OFFSET_SYMBOLS + count++ * sizeof symbol, &symbol, sizeof symbol);
    }
    return count * sizeof(Elf64_Sym);
}

/** Sections: null, strings, symbols, then the given ones. */
static uint16_t put_sections(const struct mock_elf *elf, uint8_t *file, size_t *used, size_t symbol_bytes)
{
    Elf64_Shdr headers[3 + MOCK_ELF_MAX] = {0};
    uint16_t count = 3;

    headers[2] = (Elf64_Shdr){.sh_name = add_string(file, used, ".symtab"),
                              .sh_type = SHT_SYMTAB,
                              .sh_offset = OFFSET_SYMBOLS,
                              .sh_size = symbol_bytes,
                              .sh_link = 1,
                              .sh_info = 1,
                              .sh_entsize = sizeof(Elf64_Sym)};
    for (size_t i = 0; i < MOCK_ELF_MAX && elf->sections[i].name != NULL; i++) {
        headers[count++] = (Elf64_Shdr){.sh_name = add_string(file, used, elf->sections[i].name),
                                        .sh_type = SHT_PROGBITS,
                                        .sh_flags = SHF_ALLOC,
                                        .sh_addr = elf->sections[i].vaddr,
                                        .sh_offset = OFFSET_SEGMENTS,
                                        .sh_size = elf->sections[i].bytes};
    }
    headers[1] = (Elf64_Shdr){.sh_name = add_string(file, used, ".strtab"),
                              .sh_type = SHT_STRTAB,
                              .sh_offset = OFFSET_STRINGS,
                              .sh_size = *used};
    memcpy(file + OFFSET_SECTIONS, headers, count * sizeof headers[0]);
    return count;
}

uint8_t *mock_elf_build(const struct mock_elf *elf, size_t *bytes)
{
    uint8_t *file = calloc(1, FILE_BYTES);
    size_t used = 1;
    Elf64_Ehdr header = {.e_type = elf->type != 0 ? elf->type : ET_EXEC,
                         .e_machine = elf->machine != 0 ? elf->machine : EM_AARCH64,
                         .e_version = EV_CURRENT,
                         .e_entry = elf->entry,
                         .e_phoff = sizeof(Elf64_Ehdr),
                         .e_shoff = OFFSET_SECTIONS,
                         .e_ehsize = sizeof(Elf64_Ehdr),
                         .e_phentsize = sizeof(Elf64_Phdr),
                         .e_shentsize = sizeof(Elf64_Shdr),
                         .e_shstrndx = 1};

    assert(file != NULL);
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_phnum = put_segments(elf, file);
    header.e_shnum = put_sections(elf, file, &used, put_symbols(elf, file, &used));
    memcpy(file, &header, sizeof header);
    *bytes = FILE_BYTES;
    return file;
}

void mock_elf_save(const char *path, const void *data, size_t bytes)
{
    FILE *stream = fopen(path, "wb");

    assert(stream != NULL);
    if (fwrite(data, 1, bytes, stream) != bytes) {
        abort();
    }
    (void)fclose(stream);
}

void mock_elf_write(const char *path, const struct mock_elf *elf)
{
    size_t bytes;
    uint8_t *file = mock_elf_build(elf, &bytes);

    mock_elf_save(path, file, bytes);
    free(file);
}
