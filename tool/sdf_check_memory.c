/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "tool/sdf_check_parts.h"

#define PAGE_BYTES 0x1000ull
#define LARGE_PAGE_BYTES 0x200000ull

/** The kernel ends user addresses here on AArch64 with a hypervisor and 40-bit physical addresses. */
#define USER_TOP 0x10000000000ull
#define DEFAULT_STACK_BYTES 0x1000ull

static const struct xml_element *find_region(const struct sdf_check *check, const char *name)
{
    for (size_t i = 0; i < check->root->child_count; i++) {
        const struct xml_element *element = check->root->children[i];
        const char *other = sdf_check_is(element, "memory_region") ? sdf_check_text(element, "name") : NULL;

        if (other != NULL && strcmp(other, name) == 0) {
            return element;
        }
    }
    return NULL;
}

static uint64_t page_bytes(const struct xml_element *region)
{
    return sdf_check_number(region, "page_size", PAGE_BYTES);
}

static bool overlap(uint64_t a, uint64_t a_bytes, uint64_t b, uint64_t b_bytes)
{
    return a < b ? b - a < a_bytes : a - b < b_bytes;
}

static void check_region(struct sdf_check *check, const struct xml_element *region)
{
    const char *name = sdf_check_text(region, "name");
    uint64_t size = sdf_check_number(region, "size", 0);
    uint64_t page = page_bytes(region);
    const struct xml_element *first = name == NULL ? region : find_region(check, name);

    if (first != region) {
        diag_error(check->diag, region->loc, "there are two memory regions \"%s\"", name);
        diag_note(check->diag, first->loc, "the first one");
    }
    if (page != PAGE_BYTES && page != LARGE_PAGE_BYTES) {
        diag_error(check->diag, region->loc, "page size 0x%llx is neither 0x1000 nor 0x200000",
                   (unsigned long long)page);
        return;
    }
    if (size % page != 0 || (size == 0 && xml_find(region, "prefill_path") == NULL)) {
        diag_error(check->diag, region->loc, "size 0x%llx is not a multiple of the page size 0x%llx",
                   (unsigned long long)size, (unsigned long long)page);
    }
    if (sdf_check_number(region, "phys_addr", 0) % page != 0) {
        diag_error(check->diag, region->loc, "phys_addr 0x%llx is not aligned to the page size 0x%llx",
                   (unsigned long long)sdf_check_number(region, "phys_addr", 0), (unsigned long long)page);
    }
}

static void check_physical_overlap(struct sdf_check *check, const struct xml_element *region, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const struct xml_element *other = check->root->children[i];

        if (sdf_check_is(other, "memory_region") && xml_find(other, "phys_addr") != NULL &&
            overlap(sdf_check_number(region, "phys_addr", 0), sdf_check_number(region, "size", 0),
                    sdf_check_number(other, "phys_addr", 0), sdf_check_number(other, "size", 0))) {
            diag_error(check->diag, region->loc, "its physical addresses overlap those of \"%s\"",
                       sdf_check_text(other, "name"));
            diag_note(check->diag, other->loc, "the other region");
        }
    }
}

static bool is_mapped_in(const struct xml_element *element, const char *name)
{
    for (size_t i = 0; i < element->child_count; i++) {
        const struct xml_element *child = element->children[i];
        const char *mr = sdf_check_is(child, "map") ? sdf_check_text(child, "mr") : NULL;

        if ((mr != NULL && strcmp(mr, name) == 0) || is_mapped_in(child, name)) {
            return true;
        }
    }
    return false;
}

/* Whether the pages of a size still come from one block, with this region's. */
static void check_pool(struct sdf_check *check, const struct xml_element *region, uint64_t *large_bytes)
{
    const uint64_t before = *large_bytes;
    const uint64_t limit = check->features.pool_bytes;

    if (page_bytes(region) != LARGE_PAGE_BYTES || xml_find(region, "phys_addr") != NULL) {
        return;
    }
    *large_bytes += sdf_check_number(region, "size", 0);
    if (limit != 0 && before <= limit && *large_bytes > limit) {
        diag_error(check->diag, region->loc,
                   "with \"%s\", regions of 2 MiB pages (guests' RAM) are more than the %llu MiB that "
                   "Microkit before 2.1.0 can allocate; less RAM, or a newer SDK, would do",
                   sdf_check_text(region, "name"), (unsigned long long)(limit >> 20));
    }
}

static void check_regions(struct sdf_check *check)
{
    uint64_t large_bytes = 0;

    for (size_t i = 0; i < check->root->child_count; i++) {
        const struct xml_element *region = check->root->children[i];
        const char *name = sdf_check_text(region, "name");

        if (!sdf_check_is(region, "memory_region")) {
            continue;
        }
        check_region(check, region);
        check_pool(check, region, &large_bytes);
        if (xml_find(region, "phys_addr") != NULL) {
            check_physical_overlap(check, region, i);
        }
        if (name != NULL && !is_mapped_in(check->root, name)) {
            diag_warning(check->diag, region->loc, "memory region \"%s\" is mapped by nobody", name);
        }
    }
}

static void check_map(struct sdf_check *check, const struct xml_element *owner, size_t index, uint64_t limit)
{
    const struct xml_element *map = owner->children[index];
    const char *name = sdf_check_text(map, "mr");
    const struct xml_element *region = name == NULL ? NULL : find_region(check, name);
    uint64_t vaddr = sdf_check_number(map, "vaddr", 0);
    uint64_t size;

    if (region == NULL) {
        diag_error(check->diag, map->loc, "there is no memory region \"%s\"", name == NULL ? "" : name);
        return;
    }
    size = sdf_check_number(region, "size", PAGE_BYTES);
    if (vaddr % page_bytes(region) != 0) {
        diag_error(check->diag, map->loc, "vaddr 0x%llx is not aligned to the page size 0x%llx of \"%s\"",
                   (unsigned long long)vaddr, (unsigned long long)page_bytes(region), name);
    }
    if (vaddr >= limit || size > limit - vaddr) {
        diag_error(check->diag, map->loc, "vaddr 0x%llx: the map must end at or below 0x%llx",
                   (unsigned long long)vaddr, (unsigned long long)limit);
    }
    if (xml_find(map, "setvar_prefill_size") != NULL && xml_find(region, "prefill_path") == NULL) {
        diag_error(check->diag, map->loc, "setvar_prefill_size: memory region \"%s\" is not prefilled", name);
    }
    for (size_t i = 0; i < index; i++) {
        const struct xml_element *other = owner->children[i];
        const char *other_name = sdf_check_is(other, "map") ? sdf_check_text(other, "mr") : NULL;
        const struct xml_element *other_region = other_name == NULL ? NULL : find_region(check, other_name);

        if (other_region != NULL && overlap(vaddr, size, sdf_check_number(other, "vaddr", 0),
                                            sdf_check_number(other_region, "size", PAGE_BYTES))) {
            diag_error(check->diag, map->loc, "the map of \"%s\" overlaps that of \"%s\"", name, other_name);
            diag_note(check->diag, other->loc, "the other map");
        }
    }
}

static void check_maps_of(struct sdf_check *check, const struct xml_element *owner, uint64_t limit)
{
    for (size_t i = 0; i < owner->child_count; i++) {
        if (sdf_check_is(owner->children[i], "map")) {
            check_map(check, owner, i, limit);
        } else if (sdf_check_is(owner->children[i], "virtual_machine")) {
            check_maps_of(check, owner->children[i], USER_TOP);
        }
    }
}

/** region_paddr of <setvar> names a region. */
static void check_setvars(struct sdf_check *check, const struct xml_element *pd)
{
    for (size_t i = 0; i < pd->child_count; i++) {
        const struct xml_element *setvar = pd->children[i];
        const char *name = sdf_check_is(setvar, "setvar") ? sdf_check_text(setvar, "region_paddr") : NULL;

        if (name != NULL && find_region(check, name) == NULL) {
            diag_error(check->diag, setvar->loc, "there is no memory region \"%s\"", name);
        }
    }
}

void sdf_check_memory(struct sdf_check *check)
{
    check_regions(check);
    for (size_t i = 0; i < check->pd_count; i++) {
        const struct xml_element *pd = check->pds[i].xml;
        uint64_t stack = sdf_check_number(pd, "stack_size", DEFAULT_STACK_BYTES);

        uint64_t top = USER_TOP - check->features.top_bytes;

        check_maps_of(check, pd, stack < top ? top - stack : 0);
        check_setvars(check, pd);
    }
}
