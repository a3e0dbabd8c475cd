/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads translation tables. */
#include "verify/image/walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ENTRY_COUNT 512u
#define FIRST_LEVEL 1u
#define LAST_LEVEL 3u
/** More pieces of mapped memory than this make an image that was made to keep us busy. */
#define MAPS_MAX 1000000u

/* Descriptor fields, DDI 0487 D8.3. */
#define DESC_VALID 1ull
#define DESC_TABLE 2ull /* at level 3: page */
#define DESC_ADDRESS 0x0000fffffffff000ull
#define DESC_SOFTWARE (0xfull << 55) /* ignored by hardware */
#define DESC_ACCESS_FLAG (1ull << 10)
#define DESC_SHAREABILITY (3ull << 8)
#define DESC_INNER_SHAREABLE (3ull << 8)
#define DESC_XN (1ull << 54)
#define STAGE2_MEMATTR (0xfull << 2)
#define STAGE2_MEMATTR_NORMAL (0xcull << 2) /* both bits clear: Device */
#define STAGE2_MEMATTR_WRITE_BACK (0xfull << 2)
#define STAGE2_READ (1ull << 6)
#define STAGE2_WRITE (1ull << 7)
#define STAGE1_ATTRINDX (7ull << 2)
#define STAGE1_NS (1ull << 5)
#define STAGE1_AP1 (1ull << 6) /* RES1 with one privilege level */
#define STAGE1_READ_ONLY (1ull << 7)
#define STAGE1_NOT_GLOBAL (1ull << 11)

/* What may be set in a block or page descriptor beside type and address. */
#define STAGE2_KNOWN                                                                                         \
    (STAGE2_MEMATTR | STAGE2_READ | STAGE2_WRITE | DESC_SHAREABILITY | DESC_ACCESS_FLAG | DESC_XN |          \
     DESC_SOFTWARE)
#define STAGE1_KNOWN                                                                                         \
    (STAGE1_ATTRINDX | STAGE1_NS | STAGE1_AP1 | STAGE1_READ_ONLY | DESC_SHAREABILITY | DESC_ACCESS_FLAG |    \
     STAGE1_NOT_GLOBAL | DESC_XN | DESC_SOFTWARE)
/* A table descriptor's bits 11:2 and 58:52 are ignored; its upper bits would limit EL2's rights: not used. */
#define TABLE_KNOWN (DESC_VALID | DESC_TABLE | DESC_ADDRESS)

struct context {
    struct walk *walk;
    const struct facts *facts;
    struct findings *findings;
    uint32_t domain;
};

static size_t hash_slot(const struct walk *walk, uint64_t phys)
{
    size_t slot = (size_t)((phys >> 12) * 0x9e3779b97f4a7c15ull >> 20) & (walk->slot_count - 1);
    while (walk->slots[slot] != 0 && walk->tables[walk->slots[slot] - 1].phys != phys) {
        slot = (slot + 1) & (walk->slot_count - 1);
    }
    return slot;
}

static void rehash(struct walk *walk)
{
    size_t count = walk->slot_count == 0 ? 256 : 2 * walk->slot_count;
    free(walk->slots);
    walk->slots = calloc(count, sizeof *walk->slots);
    if (walk->slots == NULL) {
        abort();
    }
    walk->slot_count = count;
    for (size_t i = 0; i < walk->table_count; i++) {
        walk->slots[hash_slot(walk, walk->tables[i].phys)] = (uint32_t)i + 1;
    }
}

/**
 * Enter a table into the list. False if it was there already: as each is entered once, the walk ends whatever
 * the tables say.
 */
static bool add_table(struct context *context, uint64_t phys, uint64_t address)
{
    struct walk *walk = context->walk;
    const struct facts_domain *domains = context->facts->domains;
    size_t slot;
    if (2 * (walk->table_count + 1) > walk->slot_count) {
        rehash(walk);
    }
    slot = hash_slot(walk, phys);
    if (walk->slots[slot] != 0) {
        findings_add(context->findings, RULE_TABLE_SHARED, domains[context->domain].name, address,
                     "translation table", "the table at 0x%" PRIx64 " is in use for %s", phys,
                     domains[walk->tables[walk->slots[slot] - 1].domain].name);
        return false;
    }
    walk->tables = findings_grow(walk->tables, walk->table_count, sizeof *walk->tables);
    walk->tables[walk->table_count++] = (struct walk_table){phys, context->domain};
    walk->slots[slot] = (uint32_t)walk->table_count;
    return true;
}

static void add_map(struct context *context, struct walk_map map)
{
    struct walk *walk = context->walk;
    if (walk->map_count > 0) {
        struct walk_map *last = &walk->maps[walk->map_count - 1];
        if (last->domain == map.domain && last->address + last->bytes == map.address &&
            last->phys + last->bytes == map.phys && last->perms == map.perms && last->device == map.device &&
            last->uncached == map.uncached) {
            last->bytes += map.bytes;
            return;
        }
    }
    walk->maps = findings_grow(walk->maps, walk->map_count, sizeof *walk->maps);
    walk->maps[walk->map_count++] = map;
}

/** Rights and memory type by the descriptor. False if a field has a value that is not used here. */
static bool decode_leaf(bool stage2, uint64_t entry, struct walk_map *map)
{
    map->perms = (entry & DESC_XN) == 0 ? INTENT_EXECUTE : 0;
    if (stage2) {
        map->perms |= (entry & STAGE2_READ) != 0 ? INTENT_READ : 0;
        map->perms |= (entry & STAGE2_WRITE) != 0 ? INTENT_WRITE : 0;
        map->device = (entry & STAGE2_MEMATTR_NORMAL) == 0;
        map->uncached = !map->device && (entry & STAGE2_MEMATTR) != STAGE2_MEMATTR_WRITE_BACK;
        return (entry & ~(STAGE2_KNOWN | DESC_VALID | DESC_TABLE | DESC_ADDRESS)) == 0;
    }
    map->perms |= INTENT_READ;
    map->perms |= (entry & STAGE1_READ_ONLY) == 0 ? INTENT_WRITE : 0;
    map->device = (entry & STAGE1_ATTRINDX) != 0;
    return (entry & ~(STAGE1_KNOWN | DESC_VALID | DESC_TABLE | DESC_ADDRESS)) == 0 &&
           (entry & STAGE1_ATTRINDX) >> 2 <= 1;
}

/** Whether accesses do not fault, and are coherent between cores: what is Normal memory is inner shareable.
 */
static bool is_shared_by_cores(uint64_t entry, const struct walk_map *map)
{
    return (entry & DESC_ACCESS_FLAG) != 0 &&
           (map->device || (entry & DESC_SHAREABILITY) == DESC_INNER_SHAREABLE);
}

static void visit_leaf(struct context *context, uint64_t entry, uint64_t address, uint64_t bytes)
{
    bool stage2 = context->domain != FACTS_KERNEL;
    struct walk_map map = {
        .address = address, .phys = entry & DESC_ADDRESS, .bytes = bytes, .domain = context->domain};
    if (!decode_leaf(stage2, entry, &map) || map.phys % bytes != 0) {
        findings_add(context->findings, RULE_DESCRIPTOR, context->facts->domains[context->domain].name,
                     address, "translation table",
                     "descriptor 0x%016" PRIx64 " has bits set that are not in use", entry);
    }
    if (!is_shared_by_cores(entry, &map)) {
        findings_add(context->findings, RULE_DESCRIPTOR, context->facts->domains[context->domain].name,
                     address, "translation table",
                     "descriptor 0x%016" PRIx64 " faults, or is not coherent between cores", entry);
    }
    if (map.perms != 0 && context->walk->map_count <= MAPS_MAX) {
        add_map(context, map);
    }
}

static void visit_table(struct context *context, uint64_t phys, uint64_t address, unsigned int level)
{
    const struct elf64 *elf = context->facts->elf;
    const struct elf64_segment *segment = elf64_segment_at(elf, phys, FACTS_PAGE_BYTES);
    const uint8_t *table = elf64_bytes(elf, phys, FACTS_PAGE_BYTES);
    uint64_t bytes = (uint64_t)FACTS_PAGE_BYTES << 9 * (LAST_LEVEL - level);
    if (table == NULL || phys % FACTS_PAGE_BYTES != 0 ||
        (segment->flags & (ELF64_WRITE | ELF64_EXECUTE)) != 0) {
        findings_add(context->findings, RULE_TABLE_AREA, context->facts->domains[context->domain].name,
                     address, "translation table",
                     "the table at 0x%" PRIx64 " is not in a read-only segment of the image", phys);
    }
    if (table == NULL || !add_table(context, phys, address)) {
        return;
    }
    for (unsigned int i = 0; i < ENTRY_COUNT; i++, address += bytes) {
        uint64_t entry;
        memcpy(&entry, table + i * sizeof entry, sizeof entry);
        if ((entry & DESC_VALID) == 0 || ((entry & DESC_TABLE) == 0 && level == LAST_LEVEL)) {
            continue;
        }
        if (level == LAST_LEVEL || (entry & DESC_TABLE) == 0) {
            visit_leaf(context, entry, address, bytes);
            continue;
        }
        if ((entry & ~TABLE_KNOWN) != 0) {
            findings_add(context->findings, RULE_DESCRIPTOR, context->facts->domains[context->domain].name,
                         address, "translation table",
                         "table descriptor 0x%016" PRIx64 " has bits set that are not in use", entry);
        }
        visit_table(context, entry & DESC_ADDRESS, address, level + 1);
    }
}

enum err walk_domains(struct walk *walk, const struct facts *facts, struct findings *findings)
{
    *walk = (struct walk){0};
    for (uint32_t i = 0; i < facts->domain_count; i++) {
        struct context context = {walk, facts, findings, i};
        visit_table(&context, facts->domains[i].root, 0, FIRST_LEVEL);
        if (walk->map_count > MAPS_MAX) {
            return findings_malformed(findings, "the translation tables are too fragmented to judge");
        }
    }
    return ERR_OK;
}

const struct walk_map *walk_find(const struct walk *walk, uint32_t domain, uint64_t address)
{
    size_t low = 0;
    size_t high = walk->map_count;
    while (low < high) { /* the first that ends behind the address */
        size_t middle = low + (high - low) / 2;
        const struct walk_map *map = &walk->maps[middle];
        if (map->domain > domain || (map->domain == domain && map->address + map->bytes > address)) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < walk->map_count && walk->maps[low].domain == domain && walk->maps[low].address <= address
               ? &walk->maps[low]
               : NULL;
}

void walk_free(struct walk *walk)
{
    free(walk->maps);
    free(walk->tables);
    free(walk->slots);
    *walk = (struct walk){0};
}
