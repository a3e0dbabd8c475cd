/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Images that were made to keep the verifier busy: each has to be judged in bounded time and memory. The
 * sound image gets one more segment, with room for what the case needs; the case then points what it likes
 * there.
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/verify/mutate.h"
#include "tool/image/intent.h"

#define PAGE 0x1000u
#define ENTRIES 512u
/* Descriptors: a table, 1 GiB or 2 MiB of memory, a page; stage 2, readable and writable, and stage 1
 * read-only. */
#define TABLE 3ull
#define BLOCK_RW 0x004000000000007fdull
#define PAGE_RW 0x004000000000007ffull
#define BLOCK_EL2 0x00400000000007c1ull
#define ROOM (24u << 20)

/* The image, grown. */
struct crafted {
    struct mutate *mutate;
    uint8_t *file;
    size_t bytes;
    uint64_t phys, offset; /* of the room */
};

static uint64_t *table_at(const struct crafted *crafted, uint64_t phys)
{
    const uint8_t *at = mutate_at(crafted->mutate, phys);

    return at == NULL ? NULL : (uint64_t *)(void *)(crafted->file + (at - crafted->mutate->image));
}

static Elf64_Ehdr *header(const struct crafted *crafted)
{
    return (Elf64_Ehdr *)(void *)crafted->file;
}

/* Move the program headers behind the room and add one for it, and `more` that the case fills in. */
static Elf64_Phdr *craft(struct mutate *mutate, struct crafted *crafted, unsigned int more)
{
    const Elf64_Ehdr *old = (const Elf64_Ehdr *)(const void *)mutate->image;
    const struct elf64_segment *last = &mutate->elf.segments[mutate->elf.segment_count - 1];
    const size_t start = (mutate->image_bytes + PAGE - 1) / PAGE * PAGE;
    Elf64_Phdr *headers;

    *crafted = (struct crafted){.mutate = mutate,
                                .bytes = start + ROOM + (old->e_phnum + 1u + more) * sizeof(*headers),
                                .offset = start,
                                .phys = last->phys + last->bytes};
    crafted->file = calloc(1, crafted->bytes);
    if (crafted->file == NULL) {
        abort();
    }
    memcpy(crafted->file, mutate->image, mutate->image_bytes);
    headers = (Elf64_Phdr *)(void *)(crafted->file + start + ROOM);
    memcpy(headers, crafted->file + old->e_phoff, old->e_phnum * sizeof(*headers));
    header(crafted)->e_phoff = start + ROOM;
    header(crafted)->e_phnum = (uint16_t)(old->e_phnum + 1u + more);
    headers[old->e_phnum] = (Elf64_Phdr){.p_type = PT_LOAD,
                                         .p_flags = PF_R,
                                         .p_offset = start,
                                         .p_vaddr = crafted->phys,
                                         .p_paddr = crafted->phys,
                                         .p_filesz = ROOM,
                                         .p_memsz = ROOM};
    return &headers[old->e_phnum + 1u];
}

static void finish(struct crafted *crafted, const char *what)
{
    struct mutate *mutate = crafted->mutate;
    uint8_t *image = mutate->image;
    const size_t bytes = mutate->image_bytes;

    mutate->image = crafted->file;
    mutate->image_bytes = crafted->bytes;
    mutate_limit(60);
    mutate_judge(mutate, "any", what, "crafted", 0);
    mutate_limit(0);
    mutate->image = image;
    mutate->image_bytes = bytes;
    free(crafted->file);
}

/* Every domain maps all RAM at each of its 512 GiB. */
static void map_everything(const struct crafted *crafted)
{
    const struct facts *facts = &crafted->mutate->facts;

    for (uint32_t i = 1; i < facts->domain_count; i++) {
        uint64_t *root = table_at(crafted, facts->domains[i].root);

        for (unsigned int entry = 0; root != NULL && entry < ENTRIES; entry++) {
            root[entry] = (facts->intent.ram_base & ~0x3fffffffull) | BLOCK_RW;
        }
    }
}

/* The largest declaration that is read: of one page each, in the room, with mappings that all belong to the
 * first. */
static void declare_everything(const struct crafted *crafted)
{
    const struct facts *facts = &crafted->mutate->facts;
    const struct elf64_object section = elf64_section(&crafted->mutate->elf, INTENT_SECTION);
    const struct intent_header *old = (const struct intent_header *)(const void *)section.data;
    struct intent_header *own = (struct intent_header *)(void *)(crafted->file + crafted->offset);
    Elf64_Shdr *sections = (Elf64_Shdr *)(void *)(crafted->file + header(crafted)->e_shoff);
    struct intent_region *regions;
    struct intent_mapping *mappings;
    const uint32_t region_count = 8192, mapping_count = 65536;

    *own = *old;
    own->domain_offset = sizeof(*own);
    memcpy((uint8_t *)own + own->domain_offset, section.data + old->domain_offset,
           old->domain_count * sizeof(struct intent_domain));
    own->region_offset = own->domain_offset + old->domain_count * sizeof(struct intent_domain);
    own->region_count = region_count;
    regions = (struct intent_region *)(void *)((uint8_t *)own + own->region_offset);
    own->mapping_offset = own->region_offset + region_count * sizeof(*regions);
    own->mapping_count = mapping_count;
    mappings = (struct intent_mapping *)(void *)((uint8_t *)own + own->mapping_offset);
    own->size_bytes = (uint32_t)(own->mapping_offset + mapping_count * sizeof(*mappings));
    for (uint32_t i = 0; i < region_count; i++) {
        regions[i] = (struct intent_region){.name = "page",
                                            .phys = facts->intent.ram_base + facts->intent.firmware_bytes +
                                                    (uint64_t)i * PAGE,
                                            .size_bytes = PAGE,
                                            .mapping_count = i == 0 ? mapping_count : 0};
    }
    for (uint32_t i = 0; i < mapping_count; i++) {
        mappings[i] = (struct intent_mapping){.domain = 1, .address = (uint64_t)i * PAGE, .perms = 7};
    }
    for (unsigned int i = 0; i < header(crafted)->e_shnum; i++) {
        if (sections[i].sh_offset == (uint64_t)(section.data - crafted->mutate->image)) {
            sections[i].sh_offset = crafted->offset;
            sections[i].sh_size = own->size_bytes;
        }
    }
}

/* Of each second page of 2 GiB another: as many pieces as tables that fit into the room can make. */
static void fragment(const struct crafted *crafted)
{
    const struct facts *facts = &crafted->mutate->facts;
    uint64_t *root = table_at(crafted, facts->domains[1].root);
    uint64_t *room = (uint64_t *)(void *)(crafted->file + crafted->offset);
    const uint64_t first = crafted->phys;
    const unsigned int gib = 8;

    for (unsigned int i = 0; root != NULL && i < gib; i++) {
        root[i] = (first + i * PAGE) | TABLE;
        for (unsigned int j = 0; j < ENTRIES; j++) {
            const uint64_t table = gib + i * ENTRIES + j;

            room[i * ENTRIES + j] = (first + table * PAGE) | TABLE;
            for (unsigned int k = 0; k < ENTRIES; k++) {
                room[table * ENTRIES + k] = (facts->intent.ram_base + (k % 2) * 0x200000ull) | PAGE_RW;
            }
        }
    }
}

static void many_segments(struct mutate *mutate)
{
    const unsigned int count = 65000;
    struct crafted crafted;
    Elf64_Phdr *more = craft(mutate, &crafted, count);
    const uint64_t start = crafted.phys + ROOM;
    uint64_t *root = table_at(&crafted, mutate->facts.sys.el2_root);

    for (unsigned int i = 0; i < count; i++) {
        const uint64_t at = start + 2ull * i * PAGE;

        more[i] = (Elf64_Phdr){.p_type = PT_LOAD,
                               .p_flags = PF_R,
                               .p_vaddr = at,
                               .p_paddr = at,
                               .p_memsz = PAGE,
                               .p_align = PAGE};
    }
    for (unsigned int i = 2; root != NULL && i < ENTRIES; i++) {
        root[i] = (mutate->facts.intent.ram_base & ~0x3fffffffull) | BLOCK_EL2;
    }
    finish(&crafted, "65,000 segments, mapped for EL2 at each of 510 GiB");
}

/* Rows of the descriptor that everybody shares, as many as there may be. */
static void share_rows(struct mutate *mutate)
{
    struct crafted crafted;
    (void)craft(mutate, &crafted, 0);
    struct sysdesc *sys = (struct sysdesc *)(void *)table_at(&crafted, mutate->facts.sysdesc_phys);
    struct sysdesc_pd *pds = (struct sysdesc_pd *)(void *)table_at(&crafted, mutate->facts.sys.pds);
    struct sysdesc_vcpu *vcpus = (struct sysdesc_vcpu *)(void *)table_at(&crafted, mutate->facts.sys.vcpus);

    sys->accounts = sys->posts = sys->doorbells = crafted.phys;
    sys->account_count = SYSDESC_MAX_ACCOUNTS;
    sys->post_count = SYSDESC_MAX_POSTS;
    sys->doorbell_count = SYSDESC_MAX_DOORBELLS;
    for (uint32_t i = 0; i < sys->pd_count; i++) {
        pds[i].account_first = pds[i].post_first = 0;
        pds[i].account_count = SYSDESC_MAX_ACCOUNTS;
        pds[i].post_count = SYSDESC_MAX_POSTS;
    }
    for (uint32_t i = 0; i < sys->vcpu_count; i++) {
        vcpus[i].doorbell_first = 0;
        vcpus[i].doorbell_count = SYSDESC_MAX_DOORBELLS;
    }
    finish(&crafted, "all rows are everybody's");
}

static void map_all(struct mutate *mutate)
{
    struct crafted crafted;

    (void)craft(mutate, &crafted, 0);
    map_everything(&crafted);
    finish(&crafted, "all RAM mapped 512 times by everybody");
}

static void declare_all(struct mutate *mutate)
{
    struct crafted crafted;

    (void)craft(mutate, &crafted, 0);
    declare_everything(&crafted);
    finish(&crafted, "8,192 regions and 65,536 mappings");
}

static void declare_and_map_all(struct mutate *mutate)
{
    struct crafted crafted;

    (void)craft(mutate, &crafted, 0);
    declare_everything(&crafted);
    map_everything(&crafted);
    finish(&crafted, "8,192 regions mapped 512 times by everybody");
}

static void fragment_all(struct mutate *mutate)
{
    struct crafted crafted;

    (void)craft(mutate, &crafted, 0);
    fragment(&crafted);
    finish(&crafted, "two million pages that don't follow each other");
}

static void headers_behind_the_file(struct mutate *mutate)
{
    struct crafted crafted;

    (void)craft(mutate, &crafted, 0);
    header(&crafted)->e_phnum = 0xffff;
    finish(&crafted, "65,535 program headers, most of them behind the file");
}

void mutate_crafted(struct mutate *mutate)
{
    static void (*const cases[])(struct mutate * mutate) = {
        headers_behind_the_file, share_rows,  declare_all, many_segments, map_all,
        declare_and_map_all,     fragment_all};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!mutate_skips(mutate)) {
            cases[i](mutate);
        }
    }
}
