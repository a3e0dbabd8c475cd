/* SPDX-License-Identifier: BSD-2-Clause */
#include <assert.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/include/sysdesc.h"
#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/image/image.h"
#include "tool/image/image_kernel.h"
#include "tool/image/intent.h"
#include "tool/image/intent_write.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "headers are written as the host lays them out");

#define FILE_ALIGN 0x1000u

/** Section header string table; the offsets below are into it. */
static const char section_names[] =
    "\0" INTENT_SECTION "\0.shstrtab\0" IMAGE_KERNEL_DESCRIPTOR "\0.klog\0.ipc_buffers";
#define NAME_INTENT 1u
#define NAME_SHSTRTAB (sizeof "\0" INTENT_SECTION)
#define NAME_DESCRIPTOR (NAME_SHSTRTAB + sizeof ".shstrtab")
#define NAME_KLOG (NAME_DESCRIPTOR + sizeof IMAGE_KERNEL_DESCRIPTOR)
#define NAME_IPC_BUFFERS (NAME_KLOG + sizeof ".klog")

/** The null section, the two above, and those of the kernel that `causeway verify` needs. */
#define SECTION_COUNT 6u
#define SECTION_SHSTRTAB 2u

/** A loadable piece of the image; `data` is not owned. */
struct piece {
    uint64_t phys;
    uint64_t mem_bytes;
    const uint8_t *data;
    uint64_t file_bytes;
    unsigned int perms; /**< PF_R, PF_W, PF_X: informative, the loader runs with the MMU off */
};

struct pieces {
    struct piece *list;
    size_t count;
};

/** The file as it grows. */
struct output {
    uint8_t *data;
    size_t bytes;
};

static void add_piece(struct pieces *pieces, uint64_t phys, uint64_t mem_bytes, const uint8_t *data,
                      uint64_t file_bytes, unsigned int perms)
{
    pieces->list = mem_grow(pieces->list, pieces->count, sizeof pieces->list[0]);
    pieces->list[pieces->count++] = (struct piece){
        .phys = phys, .mem_bytes = mem_bytes, .data = data, .file_bytes = file_bytes, .perms = perms};
}

static unsigned int elf_flags(unsigned int perms)
{
    return PF_R | ((perms & ELF_PROGRAM_WRITE) != 0 ? PF_W : 0u) |
           ((perms & ELF_PROGRAM_EXECUTE) != 0 ? PF_X : 0u);
}

static void add_program(struct pieces *pieces, const struct elf_program *program,
                        const struct layout_range *ranges)
{
    for (size_t i = 0; i < program->segment_count; i++) {
        const struct elf_program_segment *segment = &program->segments[i];

        /* A segment may start inside its first page. */
        add_piece(pieces, ranges[i].base + segment->vaddr % MODEL_PAGE_BYTES, segment->mem_bytes,
                  segment->data, segment->file_bytes, elf_flags(segment->perms));
    }
}

static void add_regions(struct pieces *pieces, const struct image *image)
{
    for (size_t i = 0; i < image->model->mr_count; i++) {
        const struct model_mr *mr = image->model->mrs[i];
        size_t range = image->mr_ranges[i];

        if (range == IMAGE_NO_RANGE || image->layout.ranges[range].kind == LAYOUT_DEVICE ||
            mr->kind == MODEL_MR_DEVICE || mr->kind == MODEL_MR_GUEST_RAM || mr->kind == MODEL_MR_TRACE) {
            continue;
        }
        add_piece(pieces, mr->phys_addr, mr->size_bytes, mr->prefill_data,
                  mr->prefill == MODEL_PREFILL_NONE ? 0 : mr->prefill_bytes, PF_R | PF_W);
    }
}

static int compare_pieces(const void *a, const void *b)
{
    const struct piece *first = a;
    const struct piece *second = b;

    return first->phys < second->phys ? -1 : first->phys > second->phys;
}

/** All loadable pieces in ascending order of address. */
static struct pieces list_pieces(const struct image *image)
{
    const struct layout_range *tables = &image->layout.ranges[image->tables_range];
    uint64_t pool_bytes = image->pool.count * STAGE2_TABLE_BYTES;
    struct pieces pieces = {0};

    add_program(&pieces, &image->kernel, &image->layout.ranges[image->kernel_range]);
    add_piece(&pieces, tables->base, image->pool_base - tables->base, image->descriptor,
              image->descriptor_bytes, PF_R);
    add_piece(&pieces, image->pool_base, tables->base + tables->bytes - image->pool_base,
              (const uint8_t *)image->pool.tables, pool_bytes, PF_R);
    for (size_t i = 0; i < image->pd_count; i++) {
        const struct elf_program *program = &image->pds[i].program.program;
        const struct layout_range *ranges = &image->layout.ranges[image->pds[i].first_range];

        add_program(&pieces, program, ranges);
        add_piece(&pieces, ranges[program->segment_count].base, ranges[program->segment_count].bytes, NULL, 0,
                  PF_R | PF_W);
    }
    add_regions(&pieces, image);
    qsort(pieces.list, pieces.count, sizeof pieces.list[0], compare_pieces);
    return pieces;
}

static size_t align_file(size_t bytes)
{
    return (bytes + FILE_ALIGN - 1) / FILE_ALIGN * FILE_ALIGN;
}

/** File offset for a piece: congruent to its address modulo FILE_ALIGN, as ELF asks. */
static size_t piece_offset(size_t end, const struct piece *piece)
{
    return piece->file_bytes == 0 ? align_file(sizeof(Elf64_Ehdr)) + piece->phys % FILE_ALIGN
                                  : align_file(end) + piece->phys % FILE_ALIGN;
}

static void fill_header(Elf64_Ehdr *header, uint64_t entry, size_t piece_count, size_t sections_offset)
{
    *header = (Elf64_Ehdr){
        .e_type = ET_EXEC,
        .e_machine = EM_AARCH64,
        .e_version = EV_CURRENT,
        .e_entry = entry,
        .e_phoff = sizeof *header,
        .e_shoff = sections_offset,
        .e_ehsize = sizeof *header,
        .e_phentsize = sizeof(Elf64_Phdr),
        .e_phnum = (Elf64_Half)piece_count,
        .e_shentsize = sizeof(Elf64_Shdr),
        .e_shnum = SECTION_COUNT,
        .e_shstrndx = SECTION_SHSTRTAB,
    };
    memcpy(header->e_ident, ELFMAG, SELFMAG);
    header->e_ident[EI_CLASS] = ELFCLASS64;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_ident[EI_VERSION] = EV_CURRENT;
    header->e_ident[EI_OSABI] = ELFOSABI_NONE;
}

/** Place all pieces: *headers gets a program header for each; returns the end of their bytes. */
static size_t place_pieces(const struct pieces *pieces, Elf64_Phdr *headers)
{
    size_t end = sizeof(Elf64_Ehdr) + pieces->count * sizeof(Elf64_Phdr);

    for (size_t i = 0; i < pieces->count; i++) {
        const struct piece *piece = &pieces->list[i];
        size_t offset = piece_offset(end, piece);

        headers[i] = (Elf64_Phdr){.p_type = PT_LOAD,
                                  .p_flags = piece->perms,
                                  .p_offset = offset,
                                  .p_vaddr = piece->phys,
                                  .p_paddr = piece->phys,
                                  .p_filesz = piece->file_bytes,
                                  .p_memsz = piece->mem_bytes,
                                  .p_align = FILE_ALIGN};
        if (piece->file_bytes > 0) {
            end = offset + piece->file_bytes;
        }
    }
    return end;
}

static void fill_sections(Elf64_Shdr sections[SECTION_COUNT], size_t intent_offset, size_t intent_bytes)
{
    sections[1] = (Elf64_Shdr){.sh_name = NAME_INTENT,
                               .sh_type = SHT_PROGBITS,
                               .sh_offset = intent_offset,
                               .sh_size = intent_bytes,
                               .sh_addralign = 8};
    sections[2] = (Elf64_Shdr){.sh_name = NAME_SHSTRTAB,
                               .sh_type = SHT_STRTAB,
                               .sh_offset = intent_offset + intent_bytes,
                               .sh_size = sizeof section_names,
                               .sh_addralign = 1};
}

/** Where the kernel has its pointer to the descriptor, and what it shares with PDs: headers without contents.
 */
static void fill_kernel_sections(Elf64_Shdr sections[SECTION_COUNT], const struct image *image)
{
    sections[3] = (Elf64_Shdr){.sh_name = NAME_DESCRIPTOR,
                               .sh_type = SHT_NOBITS,
                               .sh_flags = SHF_ALLOC,
                               .sh_addr = image_kernel_descriptor(image),
                               .sh_size = sizeof(uint64_t),
                               .sh_addralign = 8};
    sections[4] = (Elf64_Shdr){.sh_name = NAME_KLOG,
                               .sh_type = SHT_NOBITS,
                               .sh_flags = SHF_ALLOC,
                               .sh_addr = image->klog,
                               .sh_size = SYSDESC_KLOG_BYTES,
                               .sh_addralign = MODEL_PAGE_BYTES};
    sections[5] = (Elf64_Shdr){.sh_name = NAME_IPC_BUFFERS,
                               .sh_type = SHT_NOBITS,
                               .sh_flags = SHF_ALLOC,
                               .sh_addr = image->ipc_buffers,
                               .sh_size = image->pd_count * MODEL_PAGE_BYTES,
                               .sh_addralign = MODEL_PAGE_BYTES};
}

static struct output assemble(const struct image *image, const struct pieces *pieces)
{
    Elf64_Phdr *headers = mem_zalloc(pieces->count * sizeof *headers);
    size_t intent_offset = align_file(place_pieces(pieces, headers));
    size_t intent_bytes;
    uint8_t *intent = intent_write_section(image, &intent_bytes);
    size_t sections_offset = align_file(intent_offset + intent_bytes + sizeof section_names);
    struct output output = {.bytes = sections_offset + SECTION_COUNT * sizeof(Elf64_Shdr)};
    Elf64_Shdr sections[SECTION_COUNT] = {0};
    Elf64_Ehdr header;

    output.data = mem_zalloc(output.bytes);
    fill_header(&header, image->kernel.entry, pieces->count, sections_offset);
    fill_sections(sections, intent_offset, intent_bytes);
    fill_kernel_sections(sections, image);
    memcpy(output.data, &header, sizeof header);
    memcpy(output.data + sizeof header, headers, pieces->count * sizeof *headers);
    for (size_t i = 0; i < pieces->count; i++) {
        if (pieces->list[i].file_bytes > 0) {
            memcpy(output.data + headers[i].p_offset, pieces->list[i].data, pieces->list[i].file_bytes);
        }
    }
    memcpy(output.data + intent_offset, intent, intent_bytes);
    memcpy(output.data + intent_offset + intent_bytes, section_names, sizeof section_names);
    memcpy(output.data + sections_offset, sections, sizeof sections);
    free(intent);
    free(headers);
    return output;
}

enum err image_write(const struct image *image, const char *path, struct diag *diag)
{
    struct pieces pieces = list_pieces(image);
    enum err err = ERR_UNSUPPORTED;

    if (pieces.count < PN_XNUM) {
        struct output output = assemble(image, &pieces);

        err = file_write(path, output.data, output.bytes, 0644, diag);
        free(output.data);
    } else {
        diag_error(diag, (struct loc){0}, "the image would have %zu segments; ELF has room for %u",
                   pieces.count, PN_XNUM - 1);
    }
    free(pieces.list);
    return err;
}
