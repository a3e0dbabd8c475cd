/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/image/rule_sharing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** Comparisons after which an image counts as made to keep us busy. */
#define WORK_LIMIT 20000000u

struct context {
    const struct facts *facts;
    struct findings *findings;
    uint64_t work;
};

/** Memory that PDs and VMs must not see and EL2 must not write. */
struct protected_range {
    uint64_t phys;
    uint64_t end;
    const char *what;
};

struct protected_list {
    struct protected_range *items;
    size_t count;
};

static int compare_maps(const void *a, const void *b)
{
    const struct walk_map *one = a;
    const struct walk_map *other = b;
    if (one->phys != other->phys) {
        return one->phys < other->phys ? -1 : 1;
    }
    if (one->domain != other->domain) {
        return one->domain < other->domain ? -1 : 1;
    }
    return one->address < other->address ? -1 : one->address > other->address;
}

static int compare_ranges(const void *a, const void *b)
{
    const struct protected_range *one = a;
    const struct protected_range *other = b;
    return one->phys < other->phys ? -1 : one->phys > other->phys;
}

static void protect(struct protected_list *list, uint64_t phys, uint64_t bytes, const char *what)
{
    if (bytes > 0) {
        uint64_t start = phys / FACTS_PAGE_BYTES * FACTS_PAGE_BYTES;
        list->items = findings_grow(list->items, list->count, sizeof *list->items);
        list->items[list->count++] = (struct protected_range){start, phys + bytes, what};
    }
}

/** Protect part of the descriptor, which also has to be in a read-only segment. */
static void protect_rows(struct context *context, struct protected_list *list, uint64_t phys, uint64_t bytes)
{
    const struct elf64_segment *segment =
        bytes > 0 ? elf64_segment_at(context->facts->elf, phys, bytes) : NULL;
    if (segment != NULL && (segment->flags & (ELF64_WRITE | ELF64_EXECUTE)) != 0) {
        findings_add(context->findings, RULE_TABLE_AREA, "image", phys, "system descriptor",
                     "not in a read-only segment of the image");
    }
    protect(list, phys, bytes, "system descriptor");
}

static struct protected_list list_protected(struct context *context, const struct walk *walk)
{
    const struct facts *facts = context->facts;
    const struct sysdesc *sys = &facts->sys;
    struct protected_list list = {NULL, 0};
    protect_rows(context, &list, facts->sysdesc_phys, sizeof *sys);
    protect_rows(context, &list, sys->pds, sys->pd_count * sizeof *facts->pds);
    protect_rows(context, &list, sys->vcpus, sys->vcpu_count * sizeof *facts->vcpus);
    protect_rows(context, &list, sys->irqs, sys->irq_count * sizeof *facts->irqs);
    protect_rows(context, &list, sys->doorbells, sys->doorbell_count * sizeof *facts->doorbells);
    protect_rows(context, &list, sys->accounts, sys->account_count * sizeof *facts->accounts);
    protect_rows(context, &list, sys->posts, sys->post_count * sizeof *facts->posts);
    for (size_t i = 0; i < walk->table_count; i++) {
        protect(&list, walk->tables[i].phys, FACTS_PAGE_BYTES, "translation table");
    }
    qsort(list.items, list.count, sizeof *list.items, compare_ranges);
    for (size_t i = 1; i < list.count; i++) {
        /* Ends in order too, for the search: rows may share pages, and hostile ones anything. */
        if (list.items[i].end < list.items[i - 1].end) {
            list.items[i].end = list.items[i - 1].end;
        }
    }
    return list;
}

static void check_protected(struct context *context, const struct protected_list *list,
                            const struct walk_map *map)
{
    size_t low = 0;
    size_t high = list->count;
    if (map->domain == FACTS_KERNEL && (map->perms & INTENT_WRITE) == 0) {
        return;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->items[middle].end > map->phys) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    if (low < list->count && list->items[low].phys < map->phys + map->bytes) {
        uint64_t start = list->items[low].phys > map->phys ? list->items[low].phys : map->phys;
        findings_add(context->findings, RULE_TABLE_EXPOSED, context->facts->domains[map->domain].name,
                     map->address + (start - map->phys), list->items[low].what,
                     "mapped%s (physical 0x%" PRIx64 ")", (map->perms & INTENT_WRITE) != 0 ? " writable" : "",
                     start);
    }
}

/** One domain, two addresses: what it executes at one it must not write at the other. */
static void check_alias(struct context *context, const struct walk_map *a, const struct walk_map *b,
                        uint64_t phys)
{
    const struct facts_domain *domain = &context->facts->domains[a->domain];
    uint32_t perms = a->perms | b->perms;
    if (domain->kind != INTENT_DOMAIN_VM && (perms & INTENT_WRITE) != 0 && (perms & INTENT_EXECUTE) != 0) {
        findings_add(context->findings, domain->kind == INTENT_DOMAIN_PD ? RULE_WX_PD : RULE_WX_EL2,
                     domain->name, a->address + (phys - a->phys), "memory",
                     "executable and writable through a second mapping at 0x%" PRIx64,
                     b->address + (phys - b->phys));
    }
    const struct intent_region *region = facts_region_from(context->facts, phys);
    if (domain->kind == INTENT_DOMAIN_PD && (region == NULL || region->phys > phys)) {
        findings_add(context->findings, RULE_PD_LAYOUT, domain->name, a->address + (phys - a->phys),
                     "own memory", "is also mapped at 0x%" PRIx64, b->address + (phys - b->phys));
    }
}

/** Whether the kernel and a domain may both reach `region`'s part at `phys`; if so, *end is where it ends. */
static bool is_kernel_share(const struct context *context, const struct walk_map *map, uint64_t phys,
                            uint64_t *end)
{
    const struct facts *facts = context->facts;
    const struct facts_domain *domain = &facts->domains[map->domain];
    const struct intent_region *region = facts_region_from(facts, phys);
    if (domain->kind == INTENT_DOMAIN_PD && phys == facts->pds[domain->index].ipc_buffer &&
        map->address + (phys - map->phys) == SYSDESC_PD_IPC_BUFFER) {
        *end = phys + FACTS_PAGE_BYTES;
        return true;
    }
    if (region == NULL || region->phys > phys) {
        return false;
    }
    *end = region->phys + region->size_bytes;
    return region->kind == INTENT_REGION_KLOG || region->kind == INTENT_REGION_TRACE ||
           (region->kind == INTENT_REGION_DEVICE &&
            facts_kernel_device_in(facts, phys, FACTS_PAGE_BYTES) != NULL);
}

static void check_against_kernel(struct context *context, const struct walk_map *map, uint64_t phys,
                                 uint64_t end)
{
    while (phys < end) {
        uint64_t next = end;
        context->work++;
        if (!is_kernel_share(context, map, phys, &next)) {
            findings_add(context->findings, RULE_KERNEL_EXPOSED, context->facts->domains[map->domain].name,
                         map->address + (phys - map->phys), "kernel",
                         "maps memory of the kernel at 0x%" PRIx64, phys);
            return;
        }
        phys = next;
    }
}

/** Two domains, neither of them the kernel. That each has declared its mapping was checked before. */
static void check_pair(struct context *context, const struct walk_map *a, const struct walk_map *b,
                       uint64_t phys, uint64_t end)
{
    const struct facts_domain *domains = context->facts->domains;
    while (phys < end) {
        const struct intent_region *region = facts_region_from(context->facts, phys);
        context->work++;
        if (region == NULL || region->phys > phys) {
            findings_add(context->findings, RULE_UNDECLARED_SHARING, domains[a->domain].name,
                         a->address + (phys - a->phys), "memory",
                         "shared without a declaration with %s (at 0x%" PRIx64 ", physical 0x%" PRIx64 ")",
                         domains[b->domain].name, b->address + (phys - b->phys), phys);
            return;
        }
        if (region->kind == INTENT_REGION_DEVICE) {
            findings_add(context->findings, RULE_DEVICE_OWNER, domains[b->domain].name,
                         b->address + (phys - b->phys), region->name, "the device belongs to %s",
                         domains[a->domain].name);
        }
        phys = region->phys + region->size_bytes;
    }
}

static void compare(struct context *context, const struct walk_map *a, const struct walk_map *b)
{
    uint64_t a_end = a->phys + a->bytes;
    uint64_t b_end = b->phys + b->bytes;
    uint64_t end = a_end < b_end ? a_end : b_end;
    uint64_t phys = a->phys > b->phys ? a->phys : b->phys;
    findings_group(context->findings, a->fault != 0 ? a->fault : b->fault);
    if (a->domain == b->domain) {
        check_alias(context, a, b, phys);
    } else if (a->domain == FACTS_KERNEL || b->domain == FACTS_KERNEL) {
        check_against_kernel(context, a->domain == FACTS_KERNEL ? b : a, phys, end);
    } else {
        check_pair(context, a, b, phys, end);
    }
}

/** Compare each map with those before it, in order of address, that have not ended yet. */
static enum err sweep(struct context *context, const struct walk_map *maps, size_t count)
{
    size_t *active = calloc(count + 1, sizeof *active);
    size_t active_count = 0;
    enum err err = ERR_OK;
    if (active == NULL) {
        abort();
    }
    for (size_t i = 0; i < count && err == ERR_OK; i++) {
        size_t kept = 0;
        for (size_t j = 0; j < active_count; j++) {
            const struct walk_map *other = &maps[active[j]];
            if (other->phys + other->bytes > maps[i].phys) {
                compare(context, other, &maps[i]);
                active[kept++] = active[j];
            }
        }
        context->work += active_count;
        active_count = kept;
        active[active_count++] = i;
        if (context->work > WORK_LIMIT) {
            err = findings_malformed(context->findings, "the translation tables are too fragmented to judge");
        }
    }
    free(active);
    return err;
}

/** Count what really is mapped, region by region: *domains gets how many domains have a piece of it. */
static void summarise(const struct facts *facts, const struct walk_map *maps, size_t count,
                      struct check_sharing_summary *summary)
{
    uint32_t *last = calloc(facts->region_count + 1, sizeof *last); /* domain + 1 that was counted last */
    uint32_t *holders = calloc(facts->region_count + 1, sizeof *holders);
    if (last == NULL || holders == NULL) {
        abort();
    }
    for (size_t i = 0; i < count; i++) { /* by domain */
        const struct intent_region *region = facts_region_from(facts, maps[i].phys);
        const struct intent_region *end = facts->regions + facts->region_count;
        summary->pages += maps[i].bytes / FACTS_PAGE_BYTES;
        for (; region != NULL && region < end && region->phys < maps[i].phys + maps[i].bytes; region++) {
            size_t index = (size_t)(region - facts->regions);
            holders[index] += last[index] != maps[i].domain + 1;
            last[index] = maps[i].domain + 1;
        }
    }
    for (uint32_t i = 0; i < facts->region_count; i++) {
        bool is_device = facts->regions[i].kind == INTENT_REGION_DEVICE;
        summary->device_count += is_device && holders[i] > 0;
        summary->shared_region_count += !is_device && holders[i] > 1;
    }
    free(last);
    free(holders);
}

enum err rule_sharing_run(const struct facts *facts, const struct walk *walk, struct findings *findings,
                          struct check_sharing_summary *summary)
{
    struct context context = {.facts = facts, .findings = findings};
    struct protected_list list = list_protected(&context, walk);
    struct walk_map *maps = calloc(walk->map_count + 1, sizeof *maps);
    enum err err;
    if (maps == NULL) {
        abort();
    }
    for (size_t i = 0; i < walk->map_count; i++) {
        findings_group(findings, walk->maps[i].fault);
        check_protected(&context, &list, &walk->maps[i]);
        maps[i] = walk->maps[i];
    }
    *summary = (struct check_sharing_summary){0};
    summarise(facts, walk->maps, walk->map_count, summary);
    qsort(maps, walk->map_count, sizeof *maps, compare_maps);
    err = sweep(&context, maps, walk->map_count);
    findings_group(findings, 0);
    free(maps);
    free(list.items);
    return err;
}
