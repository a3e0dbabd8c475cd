/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/image_kernel.h"

#include <stdlib.h>

#include "kernel/include/sysdesc.h"
#include "tool/base/mem.h"

#define DESCRIPTOR_SECTION IMAGE_KERNEL_DESCRIPTOR
#define DEVICE_COUNT 5u

static enum err kernel_error(const struct image *image, struct diag *diag, const char *what)
{
    diag_error(diag, image->kernel.loc, "%s is not a kernel for this tool: %s", image->kernel.path, what);
    return ERR_FORMAT;
}

/** Find a page-aligned object of at least `bytes` in the kernel's writable memory. */
static enum err find_shared(const struct image *image, const char *name, uint64_t bytes, uint64_t *address,
                            struct diag *diag)
{
    struct elf_program_range range;
    char *what;
    enum err err = ERR_OK;

    if (elf_program_find_symbol(&image->kernel, name, &range) && range.vaddr % MODEL_PAGE_BYTES == 0 &&
        range.bytes >= bytes && elf_program_peek(&image->kernel, range.vaddr, bytes) != NULL) {
        *address = range.vaddr;
        return ERR_OK;
    }
    what = mem_printf("it has no page-aligned symbol \"%s\" of at least 0x%llx bytes", name,
                      (unsigned long long)bytes);
    err = kernel_error(image, diag, what);
    free(what);
    return err;
}

static enum err check_segments(const struct image *image, struct diag *diag)
{
    for (size_t i = 0; i < image->kernel.segment_count; i++) {
        if (image->kernel.segments[i].vaddr % MODEL_PAGE_BYTES != 0) {
            return kernel_error(image, diag, "its segments are not page-aligned");
        }
    }
    return ERR_OK;
}

enum err image_kernel_load(struct image *image, const char *path, struct diag *diag)
{
    struct elf_program_range range;
    enum err err = elf_program_load(&image->kernel, path, (struct loc){0}, diag);

    if (err == ERR_OK) {
        err = check_segments(image, diag);
    }
    if (err == ERR_OK && (!elf_program_find_section(&image->kernel, DESCRIPTOR_SECTION, &range) ||
                          range.bytes != sizeof(uint64_t) ||
                          elf_program_peek(&image->kernel, range.vaddr, range.bytes) == NULL)) {
        err = kernel_error(image, diag, "it has no 8-byte section " DESCRIPTOR_SECTION);
    }
    if (err == ERR_OK) {
        err = find_shared(image, "ipc_buffers", image->model->pd_count * MODEL_PAGE_BYTES,
                          &image->ipc_buffers, diag);
    }
    if (err == ERR_OK) {
        err = find_shared(image, "klog", SYSDESC_KLOG_BYTES, &image->klog, diag);
    }
    return err;
}

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + MODEL_PAGE_BYTES - 1) & ~(MODEL_PAGE_BYTES - 1);
}

static const char *perms_name(unsigned int perms)
{
    if ((perms & ELF_PROGRAM_EXECUTE) != 0) {
        return "code";
    }
    return (perms & ELF_PROGRAM_WRITE) != 0 ? "data" : "constants";
}

void image_kernel_lay_out(struct image *image)
{
    image->kernel_range = image->layout.count;
    for (size_t i = 0; i < image->kernel.segment_count; i++) {
        const struct elf_program_segment *segment = &image->kernel.segments[i];
        char *what = mem_printf("the kernel's %s", perms_name(segment->perms));

        (void)layout_add(&image->layout, &(struct layout_range){.what = what,
                                                                .kind = LAYOUT_KERNEL,
                                                                .base = segment->vaddr,
                                                                .bytes = page_up(segment->mem_bytes),
                                                                .fixed = true});
        free(what);
    }
}

enum err image_kernel_set_descriptor(struct image *image, uint64_t address)
{
    struct elf_program_range range;

    if (!elf_program_find_section(&image->kernel, DESCRIPTOR_SECTION, &range)) {
        return ERR_FORMAT;
    }
    return elf_program_write(&image->kernel, range.vaddr, &address, sizeof address);
}

uint64_t image_kernel_descriptor(const struct image *image)
{
    struct elf_program_range range = {0};

    return elf_program_find_section(&image->kernel, DESCRIPTOR_SECTION, &range) ? range.vaddr : 0;
}

static void add_one_to_one(struct image *image, const char *what, uint64_t base, uint64_t bytes,
                           unsigned int perms, enum stage2_memory memory)
{
    space_add(
        &image->el2_space,
        &(struct space_range){
            .what = what, .address = base, .phys = base, .bytes = bytes, .perms = perms, .memory = memory});
}

void image_kernel_list_space(struct image *image)
{
    const struct board *board = image->model->board;
    const struct board_range *devices[DEVICE_COUNT] = {&board->gicd, &board->gicc, &board->gich, &board->gicr,
                                                       &board->uart};
    const struct layout_range *tables = &image->layout.ranges[image->tables_range];

    for (size_t i = 0; i < image->kernel.segment_count; i++) {
        const struct layout_range *range = &image->layout.ranges[image->kernel_range + i];

        add_one_to_one(image, range->what, range->base, range->bytes, image->kernel.segments[i].perms,
                       STAGE2_NORMAL);
    }
    add_one_to_one(image, tables->what, tables->base, tables->bytes, STAGE2_READ, STAGE2_NORMAL);
    for (size_t i = 0; i < image->model->mr_count; i++) {
        const struct model_mr *mr = image->model->mrs[i];

        if (mr->kind == MODEL_MR_TRACE) {
            add_one_to_one(image, "the kernel's events", mr->phys_addr, mr->size_bytes,
                           STAGE2_READ | STAGE2_WRITE, STAGE2_NORMAL);
        }
    }
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        if (devices[i]->bytes > 0) {
            char *what = mem_printf("device %s", devices[i]->name);

            add_one_to_one(image, what, devices[i]->base, devices[i]->bytes, STAGE2_READ | STAGE2_WRITE,
                           STAGE2_DEVICE);
            free(what);
        }
    }
}

size_t image_kernel_table_bound(const struct image *image, uint64_t tables_bytes)
{
    const struct board *board = image->model->board;
    uint64_t bytes = tables_bytes + layout_bytes(&image->layout, LAYOUT_KERNEL) + board->gicd.bytes +
                     board->gicc.bytes + board->gich.bytes + board->gicr.bytes + board->uart.bytes;

    size_t ranges = image->kernel.segment_count + 1 + DEVICE_COUNT;

    for (size_t i = 0; i < image->model->mr_count; i++) {
        const struct model_mr *mr = image->model->mrs[i];

        bytes += mr->kind == MODEL_MR_TRACE ? mr->size_bytes : 0;
        ranges += mr->kind == MODEL_MR_TRACE ? 1 : 0;
    }
    return stage2_table_bound(ranges, bytes);
}
