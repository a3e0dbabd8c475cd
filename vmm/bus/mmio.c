/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/bus/mmio.h"

enum err mmio_add(struct mmio_map *map, uint64_t base, uint64_t bytes, mmio_handler *handler, void *context)
{
    uint32_t at = 0;

    if (bytes == 0 || base + bytes < base) {
        return ERR_RANGE;
    }
    if (map->count == MMIO_MAX_REGIONS) {
        return ERR_SPACE;
    }
    while (at < map->count && map->regions[at].base < base) {
        at++;
    }
    if (at > 0 && map->regions[at - 1].base + map->regions[at - 1].bytes > base) {
        return ERR_RANGE;
    }
    if (at < map->count && base + bytes > map->regions[at].base) {
        return ERR_RANGE;
    }
    for (uint32_t i = map->count; i > at; i--) {
        map->regions[i] = map->regions[i - 1];
    }
    map->regions[at] = (struct mmio_region){base, bytes, handler, context};
    map->count++;
    return ERR_OK;
}

enum mmio_result mmio_dispatch(const struct mmio_map *map, uint64_t gpa, struct mmio_access *access)
{
    uint32_t low = 0, high = map->count;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct mmio_region *region = &map->regions[middle];
        const uint64_t offset = gpa - region->base;
        if (gpa < region->base) {
            high = middle;
        } else if (offset >= region->bytes) {
            low = middle + 1;
        } else if (access->width_bytes > region->bytes - offset) {
            return MMIO_UNCLAIMED;
        } else {
            access->offset = offset;
            return region->handler(region->context, access);
        }
    }
    return MMIO_UNCLAIMED;
}
