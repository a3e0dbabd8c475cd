/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of kernel and programs, headers of the file, translation tables; and changes at two places that
 * agree. */
#include <elf.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "tests/verify/mutate.h"

#define PAGE_BYTES 0x1000u

static Elf64_Ehdr *header_of(struct mutate *mutate)
{
    return (Elf64_Ehdr *)(void *)mutate->image;
}

static Elf64_Phdr *segment_at(struct mutate *mutate, unsigned int index)
{
    return (Elf64_Phdr *)(void *)(mutate->image + header_of(mutate)->e_phoff) + index;
}

static Elf64_Shdr *section_at(struct mutate *mutate, unsigned int index)
{
    return (Elf64_Shdr *)(void *)(mutate->image + header_of(mutate)->e_shoff) + index;
}

/* Text, vectors, constants, data. */
static void mutate_kernel(struct mutate *mutate)
{
    struct elf64 kernel;
    struct findings findings = {0};

    if (elf64_open(&kernel, mutate->reference.kernel, mutate->reference.kernel_bytes, &findings) != ERR_OK) {
        abort();
    }
    for (size_t i = 0; i < kernel.segment_count; i++) {
        for (uint64_t at = 0; at + 16 < kernel.segments[i].file_bytes;
             at += kernel.segments[i].file_bytes / 12 + 4) {
            if (!mutate_skips(mutate)) {
                mutate_poke(mutate, mutate_at(mutate, kernel.segments[i].data_phys + at), 1, 0x10,
                            "kernel-image any", "byte of the kernel", "kernel", at);
            }
        }
    }
    elf64_close(&kernel);
    mutate_poke(mutate, &header_of(mutate)->e_entry, 8, 0x40, "kernel-image", "entry point", "kernel", 0);
}

static void mutate_programs(struct mutate *mutate)
{
    for (size_t i = 0; i < mutate->walk.map_count; i++) {
        const struct walk_map *map = &mutate->walk.maps[i];
        const struct facts_domain *domain = &mutate->facts.domains[map->domain];

        if (domain->kind != INTENT_DOMAIN_PD || (map->perms & INTENT_EXECUTE) == 0) {
            continue;
        }
        for (uint64_t at = 0x80; at < map->bytes; at += map->bytes / 4 / 8 * 8) {
            if (!mutate_skips(mutate)) {
                mutate_poke(mutate, mutate_at(mutate, map->phys + at), 1, 2, "program-image",
                            "byte of a program", domain->name, at);
            }
        }
    }
}

static void mutate_headers(struct mutate *mutate)
{
    static const struct {
        const char *name;
        size_t offset;
        uint64_t flip;
    } fields[] = {
        {"p_vaddr", offsetof(Elf64_Phdr, p_vaddr), 0x10000},
        {"p_paddr", offsetof(Elf64_Phdr, p_paddr), 0x100000000},
        {"p_memsz", offsetof(Elf64_Phdr, p_memsz), 0x40000000000},
        {"p_filesz", offsetof(Elf64_Phdr, p_filesz), 0x40000000000},
        {"p_offset", offsetof(Elf64_Phdr, p_offset), 0x40000000000},
    };

    for (unsigned int i = 0; i < header_of(mutate)->e_phnum; i++) {
        Elf64_Phdr *segment = segment_at(mutate, i);
        Elf64_Phdr sound = *segment;

        for (size_t j = 0; j < sizeof fields / sizeof fields[0]; j++) {
            if (!mutate_skips(mutate)) {
                mutate_poke(mutate, (uint8_t *)segment + fields[j].offset, 8, fields[j].flip,
                            j == 0 ? "load-address" : "any", fields[j].name, "segment", i);
            }
        }
        if (sound.p_filesz != 0) {
            segment->p_memsz = 0;
            mutate_judge(mutate, "malformed", "bytes in the file, none in memory", "segment", i);
            *segment = sound;
        }
    }
    for (unsigned int i = 3; i < header_of(mutate)->e_shnum; i++) { /* what the kernel shares */
        mutate_poke(mutate, &section_at(mutate, i)->sh_addr, 8, 0x1000, "any", "sh_addr", "section", i);
    }
}

/* The kernel reads its own pointer, whatever the section table says: another descriptor, of this image's
 * rows. */
static void mutate_decoy(struct mutate *mutate)
{
    for (unsigned int i = 0; i < header_of(mutate)->e_shnum; i++) {
        Elf64_Shdr *section = section_at(mutate, i);
        struct elf64_object pointer = elf64_section(&mutate->elf, ".sysdesc_address");

        if (pointer.address != 0 && section->sh_addr == pointer.address) {
            /* A place in the kernel's constants that also has the address, where the kernel does not look. */
            uint8_t *place = mutate_at(mutate, pointer.address - 0x40);
            uint64_t old;

            memcpy(&old, place, 8);
            memcpy(place, &mutate->facts.sysdesc_phys, 8);
            section->sh_addr -= 0x40;
            mutate_judge(mutate, "kernel-image", "decoy descriptor", "kernel", 0);
            section->sh_addr += 0x40;
            memcpy(place, &old, 8);
        }
    }
}

uint64_t *mutate_leaf(struct mutate *mutate, uint32_t domain, uint64_t address)
{
    uint64_t table = mutate->facts.domains[domain].root;

    for (unsigned int shift = 30; table != 0; shift -= 9) {
        uint64_t *entry = (uint64_t *)mutate_at(mutate, table) + (address >> shift & 511);

        if (shift == 12 || (*entry & 3) == 1) {
            return entry;
        }
        table = (*entry & 3) == 3 ? *entry & 0xfffffffff000 : 0;
    }
    return NULL;
}

static void mutate_tables(struct mutate *mutate)
{
    for (size_t i = 0; i < mutate->walk.map_count; i++) {
        const struct walk_map *map = &mutate->walk.maps[i];
        const char *who = mutate->facts.domains[map->domain].name;
        uint64_t *leaf = mutate_leaf(mutate, map->domain, map->address);

        if (mutate_skips(mutate) || leaf == NULL) {
            continue;
        }
        mutate_poke(mutate, leaf, 8, 1ull << 12, "any", "address of a descriptor", who, map->address);
        mutate_poke(mutate, leaf, 8, 1ull << 30, "any", "address of a descriptor", who, map->address);
        mutate_poke(mutate, leaf, 8, 1ull << 52, "descriptor", "contiguous hint", who, i);
        mutate_poke(mutate, leaf, 8, 1ull << 10, "descriptor", "access flag", who, i);
        if (!map->device) {
            mutate_poke(mutate, leaf, 8, 3ull << 8, "descriptor", "shareability", who, i);
        }
        if (map->domain != FACTS_KERNEL) {
            mutate_poke(mutate, leaf, 8, 1ull << 7, "any", "writable", who, map->address);
            mutate_poke(mutate, leaf, 8, 1ull << 54, "any", "executable", who, map->address);
            mutate_poke(mutate, leaf, 8, 5ull << 2, "any", "memory type", who, map->address);
            mutate_poke(mutate, leaf, 8, 1, "any", "unmapped", who, map->address);
        }
    }
}

void mutate_file(struct mutate *mutate)
{
    mutate_kernel(mutate);
    mutate_programs(mutate);
    mutate_headers(mutate);
    mutate_decoy(mutate);
    mutate_tables(mutate);
}

static struct sysdesc_pd *pds_of(struct mutate *mutate)
{
    return (struct sysdesc_pd *)mutate_at(mutate, mutate->facts.sys.pds);
}

/* An interrupt and its channel go to another PD. */
static void move_interrupt(struct mutate *mutate, struct sysdesc_irq *row)
{
    struct sysdesc_pd *pds = pds_of(mutate);
    struct sysdesc_pd *from = &pds[row->target];
    struct sysdesc_pd *to = &pds[(row->target + 1u) % mutate->facts.sys.pd_count];
    struct sysdesc_irq old_row = *row;
    struct sysdesc_channel old = from->channels[row->channel];
    uint8_t id = 0;

    while (to->channels[id].kind != 0) {
        id++;
    }
    to->channels[id] = old;
    from->channels[row->channel] = (struct sysdesc_channel){.kind = 0};
    row->target = (uint16_t)(to - pds);
    row->channel = id;
    mutate_judge(mutate, "policy-interrupt", "interrupt moved with its channel", "interrupt", row->intid);
    *row = old_row;
    from->channels[row->channel] = old;
    to->channels[id] = (struct sysdesc_channel){.kind = 0};
}

/* A channel between two PDs that have none. */
static void add_channel(struct mutate *mutate, uint32_t a, uint32_t b)
{
    struct sysdesc_pd *pds = pds_of(mutate);
    uint8_t a_id = 0;
    uint8_t b_id = 0;

    while (pds[a].channels[a_id].kind != 0) {
        a_id++;
    }
    while (pds[b].channels[b_id].kind != 0) {
        b_id++;
    }
    pds[a].channels[a_id] = (struct sysdesc_channel){
        .kind = SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, .peer = (uint16_t)b, .peer_channel = b_id};
    pds[b].channels[b_id] = (struct sysdesc_channel){
        .kind = SYSDESC_CHANNEL_VALID | SYSDESC_CHANNEL_NOTIFY, .peer = (uint16_t)a, .peer_channel = a_id};
    mutate_judge(mutate, "policy-channel", "a new channel, both ends of it", pds[a].name, b);
    pds[a].channels[a_id] = (struct sysdesc_channel){.kind = 0};
    pds[b].channels[b_id] = (struct sysdesc_channel){.kind = 0};
}

/* Two ends that lead to two others change places, each with its other end. */
static void swap_channels(struct mutate *mutate, uint32_t pd)
{
    struct sysdesc_pd *pds = pds_of(mutate);
    struct sysdesc_channel *first = NULL;

    for (uint8_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
        struct sysdesc_channel *row = &pds[pd].channels[id];

        if ((row->kind & (SYSDESC_CHANNEL_NOTIFY | SYSDESC_CHANNEL_PPC)) == 0 ||
            pds[row->peer].channels[row->peer_channel].peer != pd) {
            continue;
        }
        if (first == NULL) {
            first = row;
            continue;
        }
        uint8_t first_id = (uint8_t)(first - pds[pd].channels);
        struct sysdesc_channel one = *first;
        struct sysdesc_channel other = *row;

        *first = other;
        *row = one;
        pds[one.peer].channels[one.peer_channel].peer_channel = id;
        pds[other.peer].channels[other.peer_channel].peer_channel = first_id;
        /* Those two serve all clients alike. */
        bool is_alike = strcmp(pds[pd].name, "timer") == 0 || strcmp(pds[pd].name, "entropy") == 0;
        mutate_judge(mutate, is_alike ? NULL : "policy-channel", "two channels swapped, all four ends",
                     pds[pd].name, id);
        *first = one;
        *row = other;
        pds[one.peer].channels[one.peer_channel].peer_channel = first_id;
        pds[other.peer].channels[other.peer_channel].peer_channel = id;
        return;
    }
}

/* A vCPU and its child id go to another VMM. */
static void move_vcpu(struct mutate *mutate, uint32_t vcpu)
{
    struct sysdesc_pd *pds = pds_of(mutate);
    struct sysdesc_vcpu *row = (struct sysdesc_vcpu *)mutate_at(mutate, mutate->facts.sys.vcpus) + vcpu;
    uint16_t from = row->parent;
    uint16_t to = (uint16_t)((from + 1) % mutate->facts.sys.pd_count);
    struct sysdesc_child child = pds[from].children[row->child_id];

    pds[from].children[row->child_id] = (struct sysdesc_child){0, 0};
    pds[to].children[61] = child;
    row->parent = to;
    uint8_t id = row->child_id;
    row->child_id = 61;
    mutate_judge(mutate, "policy-vcpu", "vCPU under another VMM, both rows", row->name, vcpu);
    row->parent = from;
    row->child_id = id;
    pds[to].children[61] = (struct sysdesc_child){0, 0};
    pds[from].children[id] = child;
}

/* A PD becomes the child of another, both rows. */
static void adopt(struct mutate *mutate, uint32_t child, uint32_t parent)
{
    struct sysdesc_pd *pds = pds_of(mutate);
    struct sysdesc_pd old = pds[child];
    struct sysdesc_child old_child = pds[parent].children[60];

    if (old.parent != SYSDESC_NO_PARENT) {
        return;
    }
    pds[child].parent = (uint16_t)parent;
    pds[child].child_id = 60;
    pds[parent].children[60] = (struct sysdesc_child){SYSDESC_CHILD_PD, (uint16_t)child};
    mutate_judge(mutate, "policy-parent", "a parent it hasn't, both rows", old.name, parent);
    pds[child].parent = old.parent;
    pds[child].child_id = old.child_id;
    pds[parent].children[60] = old_child;
}

/* A VMM below its vCPU: each row is in range. */
static void invert_priorities(struct mutate *mutate, uint32_t vcpu)
{
    struct sysdesc_vcpu *row = (struct sysdesc_vcpu *)mutate_at(mutate, mutate->facts.sys.vcpus) + vcpu;
    struct sysdesc_pd *vmm = &pds_of(mutate)[row->parent];
    uint8_t vmm_priority = vmm->priority;

    vmm->priority = row->priority;
    row->priority = vmm_priority;
    mutate_judge(mutate, "policy-schedule", "VMM and vCPU change priorities", row->name, vcpu);
    row->priority = vmm->priority;
    vmm->priority = vmm_priority;
}

/* Budget and period together. */
static void slow_down(struct mutate *mutate, uint32_t pd)
{
    struct sysdesc_pd *row = &pds_of(mutate)[pd];
    uint32_t budget = row->budget_us;
    uint32_t period = row->period_us;

    row->budget_us = budget * 2;
    row->period_us = period * 2;
    mutate_judge(mutate, "policy-schedule", "budget and period doubled", row->name, pd);
    row->budget_us = budget;
    row->period_us = period;
}

static void swap_pds(struct mutate *mutate, uint32_t a, uint32_t b)
{
    struct sysdesc_pd *pds = pds_of(mutate);
    char name[SYSDESC_NAME_BYTES];

    memcpy(name, pds[a].name, sizeof name);
    memcpy(pds[a].name, pds[b].name, sizeof name);
    memcpy(pds[b].name, name, sizeof name);
    mutate_judge(mutate, "any", "two PDs change names", pds[a].name, b);
    memcpy(name, pds[a].name, sizeof name);
    memcpy(pds[a].name, pds[b].name, sizeof name);
    memcpy(pds[b].name, name, sizeof name);
}

static void wake_another(struct mutate *mutate, struct sysdesc_doorbell *row)
{
    struct sysdesc_doorbell old = *row;

    for (uint16_t pd = 0; pd < mutate->facts.sys.pd_count; pd++) {
        for (uint8_t id = 0; id < SYSDESC_MAX_CHANNELS; id++) {
            unsigned int kind = mutate->facts.pds[pd].channels[id].kind;

            if (kind != 0 && (kind & SYSDESC_CHANNEL_IRQ) == 0 && (pd != old.pd || id != old.channel) &&
                !mutate_skips(mutate)) {
                row->pd = pd;
                row->channel = id;
                mutate_judge(mutate, "policy-doorbell", "doorbell of another's channel",
                             mutate->facts.pds[pd].name, id);
            }
        }
    }
    *row = old;
}

void mutate_both_ends(struct mutate *mutate)
{
    const struct sysdesc *sys = &mutate->facts.sys;

    for (uint32_t i = 0; i < sys->irq_count; i++) {
        if (mutate->facts.irqs[i].kind == SYSDESC_IRQ_PD) {
            move_interrupt(mutate, (struct sysdesc_irq *)mutate_at(mutate, sys->irqs) + i);
        }
    }
    for (uint32_t i = 0; i < sys->pd_count; i++) {
        add_channel(mutate, i, (i + 1) % sys->pd_count);
        swap_channels(mutate, i);
        adopt(mutate, i, (i + 1) % sys->pd_count);
        slow_down(mutate, i);
        swap_pds(mutate, i, (i + 1) % sys->pd_count);
    }
    for (uint32_t i = 0; i < sys->vcpu_count; i++) {
        move_vcpu(mutate, i);
        invert_priorities(mutate, i);
    }
    for (uint32_t i = 0; i < sys->doorbell_count && i < 4; i++) {
        struct sysdesc_doorbell *row = (struct sysdesc_doorbell *)mutate_at(mutate, sys->doorbells) + i;

        if ((row->flags & SYSDESC_DOORBELL_IGNORE) == 0) {
            wake_another(mutate, row);
        }
    }
}
