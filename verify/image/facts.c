/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/image/facts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REGIONS_MAX 8192u
#define MAPPINGS_MAX 65536u
#define KERNEL_DEVICES_MAX 64u

/** Never NULL, even for no rows. */
static void *copy_of(const uint8_t *rows, size_t count, size_t row_bytes)
{
    void *copy = calloc(count + 1, row_bytes);
    if (copy == NULL) {
        abort();
    }
    if (count > 0) {
        memcpy(copy, rows, count * row_bytes);
    }
    return copy;
}

/** Copy `count` rows of `row_bytes` at `phys` of the image. NULL and a reason if they aren't there. */
static void *copy_rows(struct facts *facts, const char *what, uint64_t phys, uint32_t count, uint32_t limit,
                       size_t row_bytes, struct findings *findings)
{
    const uint8_t *rows = NULL;
    if (count > limit) {
        snprintf(findings->malformed, sizeof findings->malformed, "%u %s, where %u are possible", count, what,
                 limit);
        return NULL;
    }
    if (count > 0) {
        rows = elf64_bytes(facts->elf, phys, count * (uint64_t)row_bytes);
        if (rows == NULL) {
            snprintf(findings->malformed, sizeof findings->malformed,
                     "the table of %s at 0x%" PRIx64 " is not in the image", what, phys);
            return NULL;
        }
    }
    return copy_of(rows, count, row_bytes);
}

static enum err read_sysdesc(struct facts *facts, struct findings *findings)
{
    struct elf64_object pointer = elf64_section(facts->elf, ".sysdesc_address");
    const uint8_t *bytes = pointer.bytes == 8 ? elf64_bytes(facts->elf, pointer.address, 8) : NULL;
    struct sysdesc *sys = &facts->sys;
    if (bytes == NULL) {
        return findings_malformed(findings, "no section .sysdesc_address with the address of a descriptor");
    }
    memcpy(&facts->sysdesc_phys, bytes, 8);
    bytes = elf64_bytes(facts->elf, facts->sysdesc_phys, sizeof *sys);
    if (bytes == NULL) {
        return findings_malformed(findings, "the system descriptor at 0x%" PRIx64 " is not in the image",
                                  facts->sysdesc_phys);
    }
    memcpy(sys, bytes, sizeof *sys);
    if (sys->magic != SYSDESC_MAGIC || sys->version != SYSDESC_VERSION || sys->size_bytes != sizeof *sys) {
        return findings_malformed(findings, "the system descriptor has a wrong magic, version or size");
    }
    if (sys->core_count == 0 || sys->core_count > SYSDESC_MAX_CORES) {
        return findings_malformed(findings, "%u cores, where 1 to %u are possible", sys->core_count,
                                  SYSDESC_MAX_CORES);
    }
    sys->name[SYSDESC_NAME_BYTES - 1] = '\0';
    facts->pds = copy_rows(facts, "protection domains", sys->pds, sys->pd_count, SYSDESC_MAX_PDS,
                           sizeof *facts->pds, findings);
    facts->vcpus = copy_rows(facts, "vCPUs", sys->vcpus, sys->vcpu_count, SYSDESC_MAX_VCPUS,
                             sizeof *facts->vcpus, findings);
    facts->irqs = copy_rows(facts, "interrupts", sys->irqs, sys->irq_count, SYSDESC_MAX_IRQ,
                            sizeof *facts->irqs, findings);
    facts->doorbells = copy_rows(facts, "doorbells", sys->doorbells, sys->doorbell_count,
                                 SYSDESC_MAX_DOORBELLS, sizeof *facts->doorbells, findings);
    facts->posts = copy_rows(facts, "posted interrupts", sys->posts, sys->post_count, SYSDESC_MAX_POSTS,
                             sizeof *facts->posts, findings);
    facts->accounts = copy_rows(facts, "accounts", sys->accounts, sys->account_count, SYSDESC_MAX_ACCOUNTS,
                                sizeof *facts->accounts, findings);
    return findings->malformed[0] == '\0' ? ERR_OK : ERR_FORMAT;
}

/** A range of the intent section, or NULL. */
static const uint8_t *intent_rows(const struct elf64_object *section, uint64_t offset, uint64_t count,
                                  uint64_t row_bytes)
{
    if (offset > section->bytes || count * row_bytes > section->bytes - offset) {
        return NULL;
    }
    return section->data + offset;
}

/** A region that page-table entries are looked up in; the others go to the end of the list. */
static bool is_plain(const struct intent_region *region)
{
    return region->kind != INTENT_REGION_KERNEL_DEVICE && region->size_bytes != 0;
}

static int compare_regions(const void *a, const void *b)
{
    const struct intent_region *one = a;
    const struct intent_region *other = b;
    if (is_plain(one) != is_plain(other)) {
        return is_plain(one) ? -1 : 1;
    }
    return one->phys < other->phys ? -1 : one->phys > other->phys;
}

static enum err check_region(const struct facts *facts, const struct intent_region *region, uint32_t index,
                             struct findings *findings)
{
    const struct intent_header *intent = &facts->intent;
    if (region->kind > INTENT_REGION_GICV || region->phys % FACTS_PAGE_BYTES != 0 ||
        region->size_bytes % FACTS_PAGE_BYTES != 0 || region->phys + region->size_bytes < region->phys) {
        return findings_malformed(findings, "declared region %u is no range of pages of a known kind", index);
    }
    if (region->mapping_first > intent->mapping_count ||
        region->mapping_count > intent->mapping_count - region->mapping_first) {
        return findings_malformed(findings, "declared region %u names mappings that are not there", index);
    }
    for (uint32_t i = 0; i < region->mapping_count; i++) {
        const struct intent_mapping *mapping = &facts->mappings[region->mapping_first + i];
        if (mapping->region != index || mapping->domain >= intent->domain_count ||
            mapping->address % FACTS_PAGE_BYTES != 0 ||
            mapping->address + region->size_bytes < mapping->address || mapping->perms > 0xf) {
            return findings_malformed(findings, "declared mapping %u is not valid",
                                      region->mapping_first + i);
        }
    }
    return ERR_OK;
}

/** The kernel's devices may lie over a declared one; all other regions have to be apart. */
static void check_regions_apart(struct facts *facts, struct findings *findings)
{
    for (uint32_t i = 0; i < facts->intent.region_count && is_plain(&facts->regions[i]); i++) {
        const struct intent_region *region = &facts->regions[i];
        const struct intent_region *last = i == 0 ? region : region - 1;
        facts->region_count++;
        if (i > 0 && last->phys + last->size_bytes > region->phys) {
            facts->regions_overlap = true;
            findings_add(findings, RULE_INTENT, "declaration", region->phys, region->name,
                         "overlaps the declared region %s at 0x%" PRIx64, last->name, last->phys);
        }
    }
}

static enum err read_regions(struct facts *facts, const struct elf64_object *section,
                             struct findings *findings)
{
    const struct intent_header *intent = &facts->intent;
    const uint8_t *regions =
        intent_rows(section, intent->region_offset, intent->region_count, sizeof *facts->regions);
    const uint8_t *mappings =
        intent_rows(section, intent->mapping_offset, intent->mapping_count, sizeof *facts->mappings);
    if (regions == NULL || mappings == NULL || intent->region_count > REGIONS_MAX ||
        intent->mapping_count > MAPPINGS_MAX) {
        return findings_malformed(findings, "the declaration's tables are not inside its section");
    }
    facts->regions = copy_of(regions, intent->region_count, sizeof *facts->regions);
    facts->mappings = copy_of(mappings, intent->mapping_count, sizeof *facts->mappings);
    for (uint32_t i = 0; i < intent->region_count; i++) {
        enum err err = check_region(facts, &facts->regions[i], i, findings);
        if (err != ERR_OK) {
            return err;
        }
        facts->regions[i].name[INTENT_NAME_BYTES - 1] = '\0';
    }
    qsort(facts->regions, intent->region_count, sizeof *facts->regions, compare_regions);
    check_regions_apart(facts, findings);
    if (intent->region_count - facts->region_count > KERNEL_DEVICES_MAX) {
        return findings_malformed(findings, "the declaration has more than %u devices of the kernel",
                                  KERNEL_DEVICES_MAX);
    }
    return ERR_OK;
}

static void add_domain(struct facts *facts, enum intent_domain_kind kind, uint32_t index, uint64_t root,
                       const char *name)
{
    struct facts_domain *domain;
    facts->domains = findings_grow(facts->domains, facts->domain_count, sizeof *facts->domains);
    domain = &facts->domains[facts->domain_count++];
    *domain = (struct facts_domain){.kind = kind, .index = index, .root = root};
    snprintf(domain->name, sizeof domain->name, "%.*s", (int)SYSDESC_NAME_BYTES - 1, name);
}

/** The domains that the kernel will run, by the descriptor. */
static void find_domains(struct facts *facts)
{
    add_domain(facts, INTENT_DOMAIN_KERNEL, 0, facts->sys.el2_root, "kernel");
    for (uint32_t i = 0; i < facts->sys.pd_count; i++) {
        add_domain(facts, INTENT_DOMAIN_PD, i, facts->pds[i].stage2_root, facts->pds[i].name);
    }
    for (uint32_t i = 0; i < facts->sys.vcpu_count; i++) {
        uint32_t first = 0;
        while (facts->vcpus[first].stage2_root != facts->vcpus[i].stage2_root) {
            first++;
        }
        if (first == i) {
            add_domain(facts, INTENT_DOMAIN_VM, i, facts->vcpus[i].stage2_root, facts->vcpus[i].name);
        }
    }
}

/** The declaration's list of domains has to be the descriptor's. Takes over the names. */
static enum err match_domains(struct facts *facts, const struct elf64_object *section,
                              struct findings *findings)
{
    struct intent_domain domain;
    const uint8_t *rows =
        intent_rows(section, facts->intent.domain_offset, facts->intent.domain_count, sizeof domain);
    if (rows == NULL) {
        return findings_malformed(findings, "the declaration's domains are not inside its section");
    }
    if (facts->intent.domain_count != facts->domain_count) {
        findings_add(findings, RULE_INTENT, "declaration", FINDINGS_NO_ADDRESS, "domains",
                     "it has %u, the system descriptor has %u with a translation table of their own",
                     facts->intent.domain_count, facts->domain_count);
        facts->regions_overlap = true;
        return ERR_OK;
    }
    for (uint32_t i = 0; i < facts->domain_count; i++) {
        struct facts_domain *own = &facts->domains[i];
        memcpy(&domain, rows + i * sizeof domain, sizeof domain);
        domain.name[INTENT_NAME_BYTES - 1] = '\0';
        if (domain.kind != own->kind || domain.index != own->index || domain.root != own->root) {
            findings_add(findings, RULE_INTENT, own->name, own->root, "translation table",
                         "the declaration has domain \"%s\" with root 0x%" PRIx64 " here", domain.name,
                         domain.root);
        }
        memcpy(own->name, domain.name, sizeof own->name);
    }
    return ERR_OK;
}

static enum err read_intent(struct facts *facts, struct findings *findings)
{
    struct elf64_object section = elf64_section(facts->elf, INTENT_SECTION);
    struct intent_header *intent = &facts->intent;
    enum err err;
    if (section.data == NULL || section.bytes < sizeof *intent) {
        return findings_malformed(findings, "no section " INTENT_SECTION " with the declaration");
    }
    memcpy(intent, section.data, sizeof *intent);
    if (intent->magic != INTENT_MAGIC || intent->version != INTENT_VERSION ||
        intent->size_bytes != section.bytes) {
        return findings_malformed(findings, "the declaration has a wrong magic, version or size");
    }
    if (intent->ram_base + intent->ram_bytes < intent->ram_base ||
        intent->firmware_bytes > intent->ram_bytes) {
        return findings_malformed(findings, "the declaration's RAM is no range");
    }
    err = match_domains(facts, &section, findings);
    return err == ERR_OK ? read_regions(facts, &section, findings) : err;
}

/** The range of an object of the kernel: the section of its name, or the symbol. */
static struct facts_range find_object(const struct elf64 *elf, const char *section, const char *symbol)
{
    struct elf64_object object = elf64_section(elf, section);
    if (object.bytes == 0) {
        object = elf64_symbol(elf, symbol);
    }
    return (struct facts_range){object.address, object.bytes};
}

enum err facts_read(struct facts *facts, const struct elf64 *elf, struct findings *findings)
{
    enum err err;
    *facts = (struct facts){.elf = elf};
    err = read_sysdesc(facts, findings);
    if (err != ERR_OK) {
        return err;
    }
    find_domains(facts);
    facts->ipc_buffers = find_object(elf, ".ipc_buffers", "ipc_buffers");
    facts->klog = find_object(elf, ".klog", "klog");
    if (facts->ipc_buffers.bytes == 0 || facts->klog.bytes == 0) {
        return findings_malformed(findings, "no ipc_buffers or klog of a kernel");
    }
    if (facts->sys.trace != 0) {
        facts->trace =
            (struct facts_range){facts->sys.trace, SYSDESC_TRACE_HEADER_BYTES +
                                                       facts->sys.core_count * facts->sys.trace_ring_bytes};
    }
    return read_intent(facts, findings);
}

void facts_free(struct facts *facts)
{
    free(facts->pds);
    free(facts->vcpus);
    free(facts->irqs);
    free(facts->doorbells);
    free(facts->posts);
    free(facts->accounts);
    free(facts->regions);
    free(facts->mappings);
    free(facts->domains);
    *facts = (struct facts){0};
}

uint32_t facts_domain_of_pd(uint32_t pd)
{
    return 1 + pd;
}

uint32_t facts_domain_of_vcpu(const struct facts *facts, uint32_t vcpu)
{
    uint32_t domain = 1 + facts->sys.pd_count;
    while (facts->domains[domain].root != facts->vcpus[vcpu].stage2_root) {
        domain++;
    }
    return domain;
}

const char *facts_pd_name(const struct facts *facts, uint32_t pd)
{
    return facts->domains[facts_domain_of_pd(pd)].name;
}

const char *facts_vcpu_name(const struct facts *facts, uint32_t vcpu)
{
    return facts->domains[facts_domain_of_vcpu(facts, vcpu)].name;
}

const struct intent_region *facts_region_from(const struct facts *facts, uint64_t phys)
{
    uint32_t low = 0;
    uint32_t high = facts->region_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (facts->regions[middle].phys + facts->regions[middle].size_bytes > phys) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low < facts->region_count ? &facts->regions[low] : NULL;
}

const struct intent_region *facts_kernel_device_in(const struct facts *facts, uint64_t phys, uint64_t bytes)
{
    for (uint32_t i = facts->region_count; i < facts->intent.region_count; i++) {
        const struct intent_region *region = &facts->regions[i];
        if (region->phys < phys + bytes && phys < region->phys + region->size_bytes) {
            return region;
        }
    }
    return NULL;
}

bool facts_is_ram(const struct facts *facts, uint64_t phys, uint64_t bytes)
{
    const struct intent_header *intent = &facts->intent;
    return phys >= intent->ram_base && bytes <= intent->ram_bytes &&
           phys - intent->ram_base <= intent->ram_bytes - bytes;
}
