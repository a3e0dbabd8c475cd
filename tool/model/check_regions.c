/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/board.h"
#include "tool/base/range.h"
#include "tool/base/size_text.h"
#include "tool/model/check.h"

static bool lies_in(uint64_t base, uint64_t bytes, const struct board_range *range)
{
    return range_contains(range->base, range->bytes, base, bytes);
}

static bool overlaps(uint64_t base, uint64_t bytes, const struct board_range *range)
{
    return range_overlaps(base, bytes, range->base, range->bytes);
}

static void check_sizes(const struct model_mr *mr, struct diag *diag)
{
    if (mr->size_bytes % mr->page_size_bytes != 0) {
        diag_error(diag, mr->loc,
                   "memory region \"%s\": its size 0x%llx is not a multiple of its page size 0x%llx",
                   mr->name, (unsigned long long)mr->size_bytes, (unsigned long long)mr->page_size_bytes);
    } else if (mr->has_phys_addr && mr->phys_addr % mr->page_size_bytes != 0) {
        diag_error(diag, mr->loc,
                   "memory region \"%s\": its phys_addr 0x%llx is not a multiple of its page size 0x%llx",
                   mr->name, (unsigned long long)mr->phys_addr, (unsigned long long)mr->page_size_bytes);
    }
}

static const struct board_range *device_of(const struct board *board, const struct model_mr *mr)
{
    for (size_t i = 0; i < board->device_count; i++) {
        if (lies_in(mr->phys_addr, mr->size_bytes, &board->devices[i])) {
            return &board->devices[i];
        }
    }
    return NULL;
}

static void check_kernel_devices(const struct board *board, const struct model_mr *mr, struct diag *diag)
{
    const struct board_range *const gic[] = {&board->gicd, &board->gicc, &board->gich, &board->gicv,
                                             &board->gicr};

    for (size_t i = 0; i < sizeof(gic) / sizeof(gic[0]); i++) {
        if (overlaps(mr->phys_addr, mr->size_bytes, gic[i])) {
            diag_error(
                diag, mr->loc,
                "memory region \"%s\" covers the interrupt controller (%s at 0x%llx), which is the kernel's",
                mr->name, gic[i]->name, (unsigned long long)gic[i]->base);
            return;
        }
    }
}

static void check_place(const struct board *board, const struct model_mr *mr, struct diag *diag)
{
    if (mr->phys_addr > UINT64_MAX - mr->size_bytes) {
        diag_error(diag, mr->loc, "memory region \"%s\" reaches beyond the end of the address space",
                   mr->name);
        return;
    }
    if (lies_in(mr->phys_addr, mr->size_bytes, &board->ram)) {
        return;
    }
    if (device_of(board, mr) == NULL) {
        diag_error(
            diag, mr->loc,
            "memory region \"%s\": 0x%llx to 0x%llx is neither RAM (0x%llx to 0x%llx) nor one device of "
            "board %s",
            mr->name, (unsigned long long)mr->phys_addr,
            (unsigned long long)(mr->phys_addr + mr->size_bytes - 1), (unsigned long long)board->ram.base,
            (unsigned long long)(board->ram.base + board->ram.bytes - 1), board->name);
        return;
    }
    check_kernel_devices(board, mr, diag);
    if (mr->prefill != MODEL_PREFILL_NONE) {
        diag_error(diag, mr->loc, "memory region \"%s\" is a device; it cannot be prefilled from a file",
                   mr->name);
    }
}

static void check_overlap(const struct model *model, size_t index, struct diag *diag)
{
    const struct model_mr *mr = model->mrs[index];

    for (size_t i = 0; i < index; i++) {
        const struct model_mr *other = model->mrs[i];

        if (other->has_phys_addr && other->size_bytes != 0 &&
            mr->phys_addr < other->phys_addr + other->size_bytes &&
            other->phys_addr < mr->phys_addr + mr->size_bytes) {
            diag_error(
                diag, mr->loc, "memory region \"%s\" overlaps \"%s\" at physical address 0x%llx", mr->name,
                other->name,
                (unsigned long long)(mr->phys_addr > other->phys_addr ? mr->phys_addr : other->phys_addr));
            diag_note(diag, other->loc, "\"%s\" comes from here", other->name);
            return;
        }
    }
}

/* Who maps a device, PD or VM. */
struct owner {
    const char *name;
    struct loc loc;
};

static void own(const struct model_mr *mr, const struct model_map *map, const char *name, struct owner *owner,
                struct diag *diag)
{
    if (map->mr != mr) {
        return;
    }
    if (owner->name != NULL && owner->name != name) {
        diag_error(diag, map->loc, "device \"%s\" has two owners, \"%s\" and \"%s\"", mr->name, owner->name,
                   name);
        diag_note(diag, owner->loc, "\"%s\" maps it here", owner->name);
        return;
    }
    if (map->cached) {
        diag_warning(diag, map->loc, "device \"%s\" is mapped cached; add cached=\"false\"", mr->name);
    }
    owner->name = name;
    owner->loc = map->loc;
}

static void check_one_owner(const struct model *model, const struct model_mr *mr, struct diag *diag)
{
    struct owner owner = {0};

    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];

        for (size_t j = 0; j < pd->map_count; j++) {
            own(mr, &pd->maps[j], pd->name, &owner, diag);
        }
        for (size_t j = 0; pd->vm != NULL && j < pd->vm->map_count; j++) {
            own(mr, &pd->vm->maps[j], pd->vm->name, &owner, diag);
        }
    }
}

/* More than there is; what else needs room only the layout knows. */
static void check_ram(const struct model *model, struct diag *diag)
{
    uint64_t ram_bytes = model->board->ram.bytes;
    uint64_t sum = 0;
    char size[SIZE_TEXT_BYTES];
    char ram[SIZE_TEXT_BYTES];
    char taken[SIZE_TEXT_BYTES];

    for (size_t i = 0; i < model->mr_count; i++) {
        const struct model_mr *mr = model->mrs[i];

        if (mr->kind == MODEL_MR_DEVICE || mr->kind == MODEL_MR_KLOG) {
            continue;
        }
        if (mr->size_bytes > ram_bytes - sum) {
            diag_error(
                diag, mr->loc,
                "memory region \"%s\" of %s does not fit: board %s has %s of RAM, of which regions before "
                "it take %s",
                mr->name, size_text(mr->size_bytes, size), model->board->name, size_text(ram_bytes, ram),
                size_text(sum, taken));
            return;
        }
        sum += mr->size_bytes;
    }
}

void check_regions(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->mr_count; i++) {
        const struct model_mr *mr = model->mrs[i];

        if (mr->size_bytes == 0) {
            continue;
        }
        check_sizes(mr, diag);
        if (mr->has_phys_addr) {
            check_place(model->board, mr, diag);
            check_overlap(model, i, diag);
        }
        if (mr->kind == MODEL_MR_DEVICE) {
            check_one_owner(model, mr, diag);
        }
    }
    check_ram(model, diag);
}
