/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/image_memory.h"

#include <assert.h>
#include <stdlib.h>

#include "boards/board.h"
#include "kernel/include/sysdesc.h"
#include "tool/base/mem.h"
#include "tool/base/range.h"
#include "tool/image/image_kernel.h"

static_assert((int)MODEL_READ == (int)STAGE2_READ && (int)MODEL_WRITE == (int)STAGE2_WRITE &&
                  (int)MODEL_EXECUTE == (int)STAGE2_EXECUTE,
              "permissions of the model are those of the tables");
static_assert((int)ELF_PROGRAM_READ == (int)STAGE2_READ && (int)ELF_PROGRAM_WRITE == (int)STAGE2_WRITE &&
                  (int)ELF_PROGRAM_EXECUTE == (int)STAGE2_EXECUTE,
              "permissions of segments are those of the tables");

static uint64_t page_down(uint64_t address)
{
    return address & ~(MODEL_PAGE_BYTES - 1);
}

static uint64_t page_up(uint64_t bytes)
{
    return page_down(bytes + MODEL_PAGE_BYTES - 1);
}

/** Bytes of whole pages around a segment. */
static uint64_t segment_span(const struct elf_program_segment *segment)
{
    return page_up(segment->vaddr + segment->mem_bytes) - page_down(segment->vaddr);
}

static const char *segment_name(const struct elf_program_segment *segment)
{
    if ((segment->perms & ELF_PROGRAM_EXECUTE) != 0) {
        return "code";
    }
    return (segment->perms & ELF_PROGRAM_WRITE) != 0 ? "data" : "constants";
}

static void request_program(struct image *image, struct image_pd *pd)
{
    const struct elf_program *program = &pd->program.program;
    char *what;

    pd->first_range = image->layout.count;
    for (size_t i = 0; i < program->segment_count; i++) {
        what = mem_printf("%s of PD \"%s\"", segment_name(&program->segments[i]), pd->pd->name);
        (void)layout_add(&image->layout, &(struct layout_range){.what = what,
                                                                .loc = pd->pd->loc,
                                                                .kind = LAYOUT_PROGRAM,
                                                                .bytes = segment_span(&program->segments[i]),
                                                                .align = MODEL_PAGE_BYTES});
        free(what);
    }
    what = mem_printf("stack of PD \"%s\"", pd->pd->name);
    (void)layout_add(&image->layout, &(struct layout_range){.what = what,
                                                            .loc = pd->pd->loc,
                                                            .kind = LAYOUT_PROGRAM,
                                                            .bytes = page_up(pd->pd->stack_bytes),
                                                            .align = MODEL_PAGE_BYTES});
    free(what);
}

static bool contains(const struct board_range *range, uint64_t base, uint64_t bytes)
{
    return range_contains(range->base, range->bytes, base, bytes);
}

static bool overlaps(const struct board_range *range, uint64_t base, uint64_t bytes)
{
    return range_overlaps(base, bytes, range->base, range->bytes);
}

/** A region at a fixed address outside RAM must be a device, and not the interrupt controller. */
static enum err check_device(const struct board *board, const struct model_mr *mr, struct diag *diag)
{
    const struct board_range *gic[] = {&board->gicd, &board->gicc, &board->gich, &board->gicv, &board->gicr};

    for (size_t i = 0; i < sizeof gic / sizeof gic[0]; i++) {
        if (gic[i]->bytes > 0 && overlaps(gic[i], mr->phys_addr, mr->size_bytes)) {
            diag_error(diag, mr->loc,
                       "memory region \"%s\" covers the interrupt controller (%s at 0x%llx), "
                       "which belongs to the kernel",
                       mr->name, gic[i]->name, (unsigned long long)gic[i]->base);
            return ERR_DENIED;
        }
    }
    for (size_t i = 0; i < board->device_count; i++) {
        if (contains(&board->devices[i], mr->phys_addr, mr->size_bytes)) {
            return ERR_OK;
        }
    }
    diag_error(
        diag, mr->loc,
        "memory region \"%s\" at 0x%llx, 0x%llx bytes long, lies in neither RAM nor a device of board %s",
        mr->name, (unsigned long long)mr->phys_addr, (unsigned long long)mr->size_bytes, board->name);
    return ERR_RANGE;
}

static enum err request_mr(struct image *image, size_t index, struct diag *diag)
{
    const struct board *board = image->model->board;
    const struct model_mr *mr = image->model->mrs[index];
    bool in_ram = !mr->has_phys_addr || overlaps(&board->ram, mr->phys_addr, mr->size_bytes);
    char *what;

    if (mr->kind == MODEL_MR_KLOG) {
        image->mr_ranges[index] = IMAGE_NO_RANGE;
        if (mr->size_bytes != SYSDESC_KLOG_BYTES) {
            diag_error(diag, mr->loc, "memory region \"%s\": the kernel's log has 0x%x bytes, not 0x%llx",
                       mr->name, SYSDESC_KLOG_BYTES, (unsigned long long)mr->size_bytes);
            return ERR_RANGE;
        }
        return ERR_OK;
    }
    if (!in_ram) {
        enum err err = check_device(board, mr, diag);

        if (err != ERR_OK) {
            return err;
        }
    }
    what = mem_printf("memory region \"%s\"", mr->name);
    image->mr_ranges[index] = layout_add(
        &image->layout,
        &(struct layout_range){.what = what,
                               .loc = mr->loc,
                               .kind = in_ram ? LAYOUT_MEMORY : LAYOUT_DEVICE,
                               .base = mr->phys_addr,
                               .bytes = mr->size_bytes,
                               .align = mr->size_bytes >= MODEL_LARGE_PAGE_BYTES ? MODEL_LARGE_PAGE_BYTES
                                                                                 : mr->page_size_bytes,
                               .fixed = mr->has_phys_addr,
                               .behind = mr->kind == MODEL_MR_GUEST_RAM || mr->kind == MODEL_MR_TRACE});
    free(what);
    return ERR_OK;
}

static enum err request_all(struct image *image, struct diag *diag)
{
    const struct board *board = image->model->board;
    enum err err = ERR_OK;

    if (board->firmware_bytes > 0) {
        (void)layout_add(&image->layout, &(struct layout_range){.what = "the firmware's device tree",
                                                                .kind = LAYOUT_FIRMWARE,
                                                                .base = board->ram.base,
                                                                .bytes = board->firmware_bytes,
                                                                .fixed = true});
    }
    image_kernel_lay_out(image);
    for (size_t i = 0; i < image->pd_count; i++) {
        request_program(image, &image->pds[i]);
    }
    for (size_t i = 0; i < image->model->mr_count; i++) {
        enum err problem = request_mr(image, i, diag);

        err = problem != ERR_OK ? problem : err;
    }
    return err;
}

enum err image_memory_lay_out(struct image *image, struct diag *diag)
{
    enum err err = request_all(image, diag);

    if (err == ERR_OK) {
        err = layout_solve(&image->layout, &image->model->board->ram, diag);
    }
    for (size_t i = 0; err == ERR_OK && i < image->model->mr_count; i++) {
        size_t range = image->mr_ranges[i];

        image->model->mrs[i]->phys_addr =
            range == IMAGE_NO_RANGE ? image->klog : image->layout.ranges[range].base;
    }
    return err;
}

static void list_maps(struct space *space, const struct model_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct model_map *map = &maps[i];
        enum stage2_memory memory = map->cached ? STAGE2_NORMAL : STAGE2_NORMAL_UNCACHED;
        char *what = mem_printf("memory region \"%s\"", map->mr->name);

        space_add(space, &(struct space_range){
                             .what = what,
                             .loc = map->loc,
                             .address = map->vaddr,
                             .phys = map->mr->phys_addr,
                             .bytes = map->mr->size_bytes,
                             .perms = map->perms,
                             .memory = map->mr->kind == MODEL_MR_DEVICE ? STAGE2_DEVICE : memory,
                         });
        free(what);
    }
}

/** Add a range of a PD itself; `what` is a format with the PD's name. */
static void list_own(struct image_pd *pd, const char *kind, uint64_t address, uint64_t phys, uint64_t bytes,
                     unsigned int perms)
{
    char *what = mem_printf("its %s", kind);

    space_add(&pd->space, &(struct space_range){.what = what,
                                                .loc = pd->pd->loc,
                                                .address = address,
                                                .phys = phys,
                                                .bytes = bytes,
                                                .perms = perms,
                                                .memory = STAGE2_NORMAL});
    free(what);
}

static enum err check_reserved(const struct model_pd *pd, struct diag *diag)
{
    uint64_t largest = SYSDESC_PD_STACK_TOP - SYSDESC_PD_RESERVED_BASE - MODEL_PAGE_BYTES;
    enum err err = ERR_OK;

    if (pd->stack_bytes == 0 || pd->stack_bytes > largest) {
        diag_error(diag, pd->loc, "PD \"%s\": a stack of 0x%llx bytes is not between 1 and 0x%llx", pd->name,
                   (unsigned long long)pd->stack_bytes, (unsigned long long)largest);
        err = ERR_RANGE;
    }
    for (size_t i = 0; i < pd->map_count; i++) {
        const struct model_map *map = &pd->maps[i];

        if (map->vaddr >= SYSDESC_PD_RESERVED_BASE ||
            map->mr->size_bytes > SYSDESC_PD_RESERVED_BASE - map->vaddr) {
            diag_error(
                diag, map->loc,
                "PD \"%s\": memory region \"%s\" at 0x%llx, 0x%llx bytes long, must end at or below 0x%llx",
                pd->name, map->mr->name, (unsigned long long)map->vaddr,
                (unsigned long long)map->mr->size_bytes, SYSDESC_PD_RESERVED_BASE);
            err = ERR_RANGE;
        }
    }
    return err;
}

enum err image_memory_list_pd(struct image *image, size_t index, struct diag *diag)
{
    struct image_pd *pd = &image->pds[index];
    const struct elf_program *program = &pd->program.program;
    const struct layout_range *ranges = &image->layout.ranges[pd->first_range];
    uint64_t stack_bytes = page_up(pd->pd->stack_bytes);
    enum err err = check_reserved(pd->pd, diag);
    char *owner;

    if (err != ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < program->segment_count; i++) {
        const struct elf_program_segment *segment = &program->segments[i];

        list_own(pd, segment_name(segment), page_down(segment->vaddr), ranges[i].base, segment_span(segment),
                 segment->perms);
    }
    list_own(pd, "stack", SYSDESC_PD_STACK_TOP - stack_bytes, ranges[program->segment_count].base,
             stack_bytes, STAGE2_READ | STAGE2_WRITE);
    list_own(pd, "IPC buffer", SYSDESC_PD_IPC_BUFFER, image->ipc_buffers + index * MODEL_PAGE_BYTES,
             MODEL_PAGE_BYTES, STAGE2_READ | STAGE2_WRITE);
    list_maps(&pd->space, pd->pd->maps, pd->pd->map_count);
    owner = mem_printf("PD \"%s\"", pd->pd->name);
    err = space_check(&pd->space, owner, 1ull << SYSDESC_PD_ADDRESS_BITS, false, diag);
    free(owner);
    return err;
}

enum err image_memory_list_vm(struct image *image, size_t index, struct diag *diag)
{
    struct image_vm *vm = &image->vms[index];
    const struct board_range *gicv = &image->model->board->gicv;
    char *owner = mem_printf("VM \"%s\"", vm->vm->name);
    enum err err;

    list_maps(&vm->space, vm->vm->maps, vm->vm->map_count);
    if (vm->vm->gicc_gpa != 0) {
        space_add(&vm->space, &(struct space_range){.what = "the GIC's CPU interface",
                                                    .loc = vm->vm->loc,
                                                    .address = vm->vm->gicc_gpa,
                                                    .phys = gicv->base,
                                                    .bytes = gicv->bytes,
                                                    .perms = STAGE2_READ | STAGE2_WRITE,
                                                    .memory = STAGE2_DEVICE});
    }
    err = space_check(&vm->space, owner, 1ull << STAGE2_INPUT_BITS, true, diag);
    free(owner);
    return err;
}
