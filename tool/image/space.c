/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/space.h"

#include <stdlib.h>

#include "tool/base/mem.h"

#define PAGE_BYTES 0x1000ull

void space_add(struct space *space, const struct space_range *range)
{
    space->ranges = mem_grow(space->ranges, space->count, sizeof space->ranges[0]);
    space->ranges[space->count] = *range;
    space->ranges[space->count].what = mem_strdup(range->what);
    space->count++;
}

void space_free(struct space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        free((char *)space->ranges[i].what);
    }
    free(space->ranges);
    *space = (struct space){0};
}

static int compare(const void *a, const void *b)
{
    const struct space_range *first = a;
    const struct space_range *second = b;

    return first->address < second->address ? -1 : first->address > second->address;
}

static enum err check_range(const struct space_range *range, const char *owner, uint64_t limit,
                            bool wx_allowed, struct diag *diag)
{
    if ((range->address | range->bytes | range->phys) % PAGE_BYTES != 0) {
        diag_error(diag, range->loc, "%s: %s at 0x%llx is not made of whole 4 KiB pages", owner, range->what,
                   (unsigned long long)range->address);
        return ERR_ALIGN;
    }
    if (range->bytes == 0 || range->address > limit || range->bytes > limit - range->address) {
        diag_error(diag, range->loc, "%s: %s at 0x%llx, 0x%llx bytes long, must end at or below 0x%llx",
                   owner, range->what, (unsigned long long)range->address, (unsigned long long)range->bytes,
                   (unsigned long long)limit);
        return ERR_RANGE;
    }
    if ((range->perms & STAGE2_READ) == 0) {
        diag_error(diag, range->loc, "%s: %s is mapped without read permission, which the MMU cannot express",
                   owner, range->what);
        return ERR_DENIED;
    }
    if (!wx_allowed && (range->perms & STAGE2_WRITE) != 0 && (range->perms & STAGE2_EXECUTE) != 0) {
        diag_error(diag, range->loc,
                   "%s: %s is mapped both writable and executable; only a virtual machine may do that", owner,
                   range->what);
        return ERR_DENIED;
    }
    return ERR_OK;
}

enum err space_check(struct space *space, const char *owner, uint64_t limit, bool wx_allowed,
                     struct diag *diag)
{
    enum err err = ERR_OK;

    if (space->count > 0) {
        qsort(space->ranges, space->count, sizeof space->ranges[0], compare);
    }
    for (size_t i = 0; i < space->count; i++) {
        const struct space_range *range = &space->ranges[i];
        enum err problem = check_range(range, owner, limit, wx_allowed, diag);

        if (problem != ERR_OK) {
            err = problem;
        } else if (i > 0 && range->address - range[-1].address < range[-1].bytes) {
            diag_error(diag, range->loc, "%s: %s at 0x%llx overlaps %s at 0x%llx..0x%llx", owner, range->what,
                       (unsigned long long)range->address, range[-1].what,
                       (unsigned long long)range[-1].address,
                       (unsigned long long)(range[-1].address + range[-1].bytes - 1));
            diag_note(diag, range[-1].loc, "%s is here", range[-1].what);
            err = ERR_STATE;
        }
    }
    return err;
}

enum err space_build(const struct space *space, enum space_stage stage, struct stage2_pool *pool,
                     size_t *root)
{
    *root = stage2_new_root(pool);
    for (size_t i = 0; i < space->count; i++) {
        const struct space_range *range = &space->ranges[i];
        uint64_t attributes = stage == SPACE_EL2 ? stage2_el2_attributes(range->perms, range->memory)
                                                 : stage2_attributes(range->perms, range->memory);
        enum err err = stage2_map(pool, *root, range->address, range->phys, range->bytes, attributes);

        if (err != ERR_OK) {
            return err;
        }
    }
    return ERR_OK;
}
