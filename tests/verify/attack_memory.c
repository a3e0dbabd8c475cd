/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on tables, programs, configurations and the file. */
#include <elf.h>
#include <string.h>

#include "lib/config/vswitch_config.h"
#include "tests/verify/attack.h"
#include "tool/image/intent.h"

#define LEAF_WRITE (1ull << 7)
#define PAGE 0x1000u

static struct intent_domain *domains_of(struct attack_rows *rows)
{
    const struct elf64_object section = elf64_section(&rows->mutate->elf, INTENT_SECTION);

    return (struct intent_domain *)(uintptr_t)(section.data + rows->mutate->facts.intent.domain_offset);
}

/* Rows and declaration alike. */
static bool swap_vm_memory(struct attack_rows *rows)
{
    struct sysdesc_vcpu *other = attack_other_vm(rows);
    struct intent_domain *domains = domains_of(rows);
    const uint32_t first = 1 + rows->sys->pd_count;

    if (other == NULL || attack_sibling(rows) != NULL) {
        return false;
    }
    ATTACK_SWAP(rows->vcpus[0].stage2_root, other->stage2_root);
    ATTACK_SWAP(domains[first].root, domains[first + (uint32_t)(other - rows->vcpus)].root);
    return true;
}

static bool swap_pd_memory(struct attack_rows *rows)
{
    struct intent_domain *domains = domains_of(rows);

    ATTACK_SWAP(rows->pds[0].stage2_root, rows->pds[1].stage2_root);
    ATTACK_SWAP(domains[1].root, domains[2].root);
    return true;
}

static bool swap_pd_rows(struct attack_rows *rows)
{
    ATTACK_SWAP(rows->pds[0], rows->pds[1]);
    return true;
}

/* A mapping of a region that its domain only reads becomes writable, in tables and declaration. */
static bool write_what_is_read(struct attack_rows *rows)
{
    struct mutate *mutate = rows->mutate;
    struct intent_mapping *mappings =
        (struct intent_mapping *)(uintptr_t)(elf64_section(&mutate->elf, INTENT_SECTION).data +
                                             mutate->facts.intent.mapping_offset);

    for (uint32_t i = 0; i < mutate->facts.intent.mapping_count; i++) {
        uint64_t *leaf = mutate_leaf(mutate, mappings[i].domain, mappings[i].address);

        if (mappings[i].domain != FACTS_KERNEL && mappings[i].perms == INTENT_READ && leaf != NULL) {
            mappings[i].perms |= INTENT_WRITE;
            *leaf |= LEAF_WRITE;
            return true;
        }
    }
    return false;
}

/* The first page of one guest's RAM shows the other's, writable. */
static bool peep(struct attack_rows *rows)
{
    struct mutate *mutate = rows->mutate;
    const uint32_t first = 1 + rows->sys->pd_count;
    uint64_t *a = NULL;
    uint64_t *b = NULL;

    for (size_t i = 0; i < mutate->walk.map_count && attack_other_vm(rows) != NULL; i++) {
        const struct walk_map *map = &mutate->walk.maps[i];

        if (map->domain >= first && !map->device && map->bytes > 64u * PAGE) {
            uint64_t *leaf = mutate_leaf(mutate, map->domain, map->address);

            if (map->domain == first) {
                a = leaf;
            } else {
                b = leaf;
            }
        }
    }
    if (a == NULL || b == NULL) {
        return false;
    }
    ATTACK_SWAP(*a, *b);
    return true;
}

static bool upside_down(struct attack_rows *rows)
{
    struct mutate *mutate = rows->mutate;

    for (size_t i = 0; i < mutate->walk.map_count; i++) {
        const struct walk_map *map = &mutate->walk.maps[i];
        uint64_t *one = mutate_leaf(mutate, map->domain, map->address);
        uint64_t *other = mutate_leaf(mutate, map->domain, map->address + PAGE);

        if (map->domain != FACTS_KERNEL && !map->device && map->bytes > PAGE && one != other && one != NULL &&
            other != NULL && (*one & 3) == 3) {
            ATTACK_SWAP(*one, *other);
            return true;
        }
    }
    return false;
}

static bool load_elsewhere(struct attack_rows *rows)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)rows->mutate->image;
    Elf64_Phdr *segments = (Elf64_Phdr *)(void *)(rows->mutate->image + header->e_phoff);

    ATTACK_SWAP(segments[0].p_offset, segments[1].p_offset);
    ATTACK_SWAP(segments[0].p_filesz, segments[1].p_filesz);
    return true;
}

static bool loader_decides(struct attack_rows *rows)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)rows->mutate->image;
    Elf64_Phdr *segments = (Elf64_Phdr *)(void *)(rows->mutate->image + header->e_phoff);

    ATTACK_SWAP(segments[0].p_vaddr, segments[1].p_vaddr);
    return true;
}

static bool start_later(struct attack_rows *rows)
{
    ((Elf64_Ehdr *)(void *)rows->mutate->image)->e_entry += 4;
    return true;
}

/* The first page of the first mapping that `is_it` is gone. */
static bool unmap(struct attack_rows *rows,
                  bool (*is_it)(const struct attack_rows *rows, const struct walk_map *map))
{
    for (size_t i = 0; i < rows->mutate->walk.map_count; i++) {
        const struct walk_map *map = &rows->mutate->walk.maps[i];
        uint64_t *leaf = mutate_leaf(rows->mutate, map->domain, map->address);

        if (leaf != NULL && is_it(rows, map)) {
            *leaf = 0;
            return true;
        }
    }
    return false;
}

static bool is_stack(const struct attack_rows *rows, const struct walk_map *map)
{
    return map->domain != FACTS_KERNEL && map->domain <= rows->sys->pd_count &&
           map->address + map->bytes == SYSDESC_PD_STACK_TOP;
}

static bool is_device(const struct attack_rows *rows, const struct walk_map *map)
{
    (void)rows;
    return map->domain != FACTS_KERNEL && map->device;
}

static bool is_kernel_device(const struct attack_rows *rows, const struct walk_map *map)
{
    (void)rows;
    return map->domain == FACTS_KERNEL && map->device;
}

static bool short_stack(struct attack_rows *rows)
{
    return unmap(rows, is_stack);
}

static bool no_device(struct attack_rows *rows)
{
    return unmap(rows, is_device);
}

static bool no_kernel_device(struct attack_rows *rows)
{
    return unmap(rows, is_kernel_device);
}

/* The configuration of the first PD that has one with `magic`. */
static void *config_of(struct attack_rows *rows, uint32_t magic)
{
    for (uint32_t pd = 0; pd < rows->sys->pd_count; pd++) {
        uint8_t *data = mutate_find_config(rows->mutate, pd);

        if (data != NULL && memcmp(data, &magic, sizeof(magic)) == 0) {
            return data;
        }
    }
    return NULL;
}

static bool send_to_all(struct attack_rows *rows)
{
    struct vswitch_config *config = config_of(rows, VSWITCH_CONFIG_MAGIC);
    const uint32_t all = config == NULL ? 0 : (1u << config->port_count) - 1u;

    if (config == NULL || config->ports[0].allow == all) {
        return false;
    }
    config->ports[0].allow = all;
    return true;
}

static bool see_all(struct attack_rows *rows)
{
    struct vswitch_config *config = config_of(rows, VSWITCH_CONFIG_MAGIC);

    if (config == NULL || config->port_count < 2 || config->ports[1].mirror == 1u) {
        return false;
    }
    config->ports[1].mirror = 1u;
    return true;
}

static bool any_mac(struct attack_rows *rows)
{
    struct vswitch_config *config = config_of(rows, VSWITCH_CONFIG_MAGIC);

    if (config == NULL) {
        return false;
    }
    config->ports[0].flags ^= VSWITCH_PORT_CHECK_MAC;
    return true;
}

const struct attack attack_on_memory[] = {
    {"two machines change memory, rows and declaration", "any", swap_vm_memory},
    {"two PDs change memory, rows and declaration", "any", swap_pd_memory},
    {"two PDs change rows", "any", swap_pd_rows},
    {"read-only becomes writable, table and declaration", "policy-memory policy-constant",
     write_what_is_read},
    {"a page of each guest's memory is the other's", "any", peep},
    {"two pages of a domain change places", "any", upside_down},
    {"two segments change contents", "any", load_elsewhere},
    {"two segments change linked addresses", "load-address", loader_decides},
    {"the kernel starts one instruction later", "kernel-image", start_later},
    {"the last page of a stack is gone", "policy-stack", short_stack},
    {"a device's registers are gone", "policy-device", no_device},
    {"registers of the kernel are gone", "policy-kernel-device", no_kernel_device},
    {"a port may send to all", "policy-allow", send_to_all},
    {"a port gets copies of another's frames", "policy-mirror", see_all},
    {"a MAC address is not checked, or is", "policy-config", any_mac},
};
const size_t attack_on_memory_count = sizeof(attack_on_memory) / sizeof(attack_on_memory[0]);
