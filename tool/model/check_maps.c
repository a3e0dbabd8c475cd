/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/board.h"
#include "kernel/include/sysdesc.h"
#include "tool/model/check.h"

/* One address space. */
struct space {
    const char *kind; /* "protection domain" */
    const char *name;
    const struct model_map *maps;
    size_t count;
    uint64_t end; /* first address that may not be mapped */
};

static uint64_t map_end(const struct model_map *map)
{
    return map->vaddr + map->mr->size_bytes;
}

static void check_map(const struct space *space, const struct model_map *map, struct diag *diag)
{
    const struct model_mr *mr = map->mr;

    if (mr->page_size_bytes != 0 && map->vaddr % mr->page_size_bytes != 0) {
        diag_error(diag, map->loc,
                   "<map>: vaddr=\"0x%llx\" is not a multiple of the page size 0x%llx of \"%s\"",
                   (unsigned long long)map->vaddr, (unsigned long long)mr->page_size_bytes, mr->name);
        diag_note(diag, mr->loc, "\"%s\" is here", mr->name);
    }
    if (map->vaddr == 0 && space->end == SYSDESC_PD_RESERVED_BASE) {
        diag_error(diag, map->loc,
                   "<map>: vaddr=\"0\": the first page stays unmapped, so that NULL pointers fault");
    }
    if (mr->size_bytes > space->end || map->vaddr > space->end - mr->size_bytes) {
        diag_error(diag, map->loc,
                   "%s \"%s\": \"%s\" at 0x%llx reaches beyond 0x%llx, the end of what it can map",
                   space->kind, space->name, mr->name, (unsigned long long)map->vaddr,
                   (unsigned long long)space->end);
    }
    if ((map->perms & MODEL_WRITE) != 0 && (map->perms & MODEL_EXECUTE) != 0 &&
        space->end == SYSDESC_PD_RESERVED_BASE) {
        diag_error(diag, map->loc,
                   "<map>: perms: memory of a protection domain is never both writable and executable");
    }
}

static void check_overlap(const struct space *space, size_t index, struct diag *diag)
{
    const struct model_map *map = &space->maps[index];

    for (size_t i = 0; i < index; i++) {
        const struct model_map *other = &space->maps[i];

        if (map->vaddr < map_end(other) && other->vaddr < map_end(map)) {
            diag_error(diag, map->loc, "%s \"%s\": \"%s\" at 0x%llx overlaps \"%s\" at 0x%llx", space->kind,
                       space->name, map->mr->name, (unsigned long long)map->vaddr, other->mr->name,
                       (unsigned long long)other->vaddr);
            diag_note(diag, other->loc, "\"%s\" is mapped here", other->mr->name);
            return;
        }
    }
}

static void check_space(const struct space *space, struct diag *diag)
{
    for (size_t i = 0; i < space->count; i++) {
        if (space->maps[i].mr->size_bytes != 0) {
            check_map(space, &space->maps[i], diag);
            check_overlap(space, i, diag);
        }
    }
}

static void check_vm_gic(const struct model *model, const struct model_vm *vm, struct diag *diag)
{
    uint64_t bytes = model->board->gicv.bytes;

    for (size_t i = 0; vm->gicc_gpa != 0 && i < vm->map_count; i++) {
        const struct model_map *map = &vm->maps[i];

        if (map->vaddr < vm->gicc_gpa + bytes && vm->gicc_gpa < map_end(map)) {
            diag_error(
                diag, map->loc,
                "virtual machine \"%s\": \"%s\" at 0x%llx overlaps the guest's interrupt controller at "
                "0x%llx",
                vm->name, map->mr->name, (unsigned long long)map->vaddr, (unsigned long long)vm->gicc_gpa);
        }
    }
}

/* Memory there would hide the device from the guest. (RAM: the check of its device tree says it.) */
static void check_vm_emulated(const struct model_vm *vm, struct diag *diag)
{
    for (size_t i = 0; i < vm->map_count; i++) {
        const struct model_map *map = &vm->maps[i];

        for (size_t j = 0; map->mr->kind != MODEL_MR_GUEST_RAM && j < vm->emulated_count; j++) {
            const struct model_emulated *device = &vm->emulated[j];

            if (map->vaddr < device->gpa + device->bytes && device->gpa < map_end(map)) {
                diag_error(
                    diag, map->loc,
                    "virtual machine \"%s\": \"%s\" at 0x%llx overlaps the guest's emulated %s at 0x%llx",
                    vm->name, map->mr->name, (unsigned long long)map->vaddr, device->name,
                    (unsigned long long)device->gpa);
            }
        }
    }
}

void check_maps(const struct model *model, struct diag *diag)
{
    for (size_t i = 0; i < model->pd_count; i++) {
        const struct model_pd *pd = model->pds[i];
        struct space space = {"protection domain", pd->name, pd->maps, pd->map_count,
                              SYSDESC_PD_RESERVED_BASE};

        check_space(&space, diag);
        if (pd->vm != NULL) {
            space = (struct space){"virtual machine", pd->vm->name, pd->vm->maps, pd->vm->map_count,
                                   1ull << SYSDESC_PD_ADDRESS_BITS};
            check_space(&space, diag);
            check_vm_gic(model, pd->vm, diag);
            check_vm_emulated(pd->vm, diag);
        }
    }
}
