/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/image/intent_write.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "boards/board.h"
#include "tool/base/mem.h"
#include "tool/image/intent.h"

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "structs are written as the host lays them out");
static_assert((int)INTENT_REGION_MEMORY == (int)MODEL_MR_MEMORY &&
                  (int)INTENT_REGION_GUEST_RAM == (int)MODEL_MR_GUEST_RAM &&
                  (int)INTENT_REGION_IMAGE == (int)MODEL_MR_IMAGE &&
                  (int)INTENT_REGION_LINK == (int)MODEL_MR_LINK &&
                  (int)INTENT_REGION_DEVICE == (int)MODEL_MR_DEVICE &&
                  (int)INTENT_REGION_KLOG == (int)MODEL_MR_KLOG &&
                  (int)INTENT_REGION_TRACE == (int)MODEL_MR_TRACE,
              "region kinds are the model's");
static_assert((int)INTENT_READ == (int)MODEL_READ && (int)INTENT_WRITE == (int)MODEL_WRITE &&
                  (int)INTENT_EXECUTE == (int)MODEL_EXECUTE,
              "permissions are the model's");

/** The lists as they grow. */
struct intent {
    const struct image *image;
    struct intent_domain *domains;
    size_t domain_count;
    struct intent_region *regions;
    size_t region_count;
    struct intent_mapping *mappings;
    size_t mapping_count;
};

static void add_domain(struct intent *intent, const char *name, enum intent_domain_kind kind, size_t index,
                       size_t root)
{
    struct intent_domain *domain;

    intent->domains = mem_grow(intent->domains, intent->domain_count, sizeof intent->domains[0]);
    domain = &intent->domains[intent->domain_count++];
    strncpy(domain->name, name, sizeof domain->name - 1);
    domain->kind = kind;
    domain->index = (uint32_t)index;
    domain->root = image_table_address(intent->image, root);
}

static void add_domains(struct intent *intent)
{
    const struct image *image = intent->image;

    add_domain(intent, "kernel", INTENT_DOMAIN_KERNEL, 0, image->el2_root);
    for (size_t i = 0; i < image->pd_count; i++) {
        add_domain(intent, image->pds[i].pd->name, INTENT_DOMAIN_PD, i, image->pds[i].root);
    }
    for (size_t i = 0; i < image->vm_count; i++) {
        const struct image_vm *vm = &image->vms[i];
        char *name = mem_printf("%s/%s", image->pds[vm->pd].pd->name, vm->vm->name);

        add_domain(intent, name, INTENT_DOMAIN_VM, vm->first_vcpu, vm->root);
        free(name);
    }
}

static void add_region(struct intent *intent, const char *name, enum intent_region_kind kind, uint64_t phys,
                       uint64_t bytes)
{
    struct intent_region *region;

    intent->regions = mem_grow(intent->regions, intent->region_count, sizeof intent->regions[0]);
    region = &intent->regions[intent->region_count++];
    strncpy(region->name, name, sizeof region->name - 1);
    region->kind = kind;
    region->phys = phys;
    region->size_bytes = bytes;
    region->mapping_first = (uint32_t)intent->mapping_count;
}

/** Add a mapping of the region added last. */
static void add_mapping(struct intent *intent, size_t domain, uint64_t address, unsigned int perms)
{
    intent->mappings = mem_grow(intent->mappings, intent->mapping_count, sizeof intent->mappings[0]);
    intent->mappings[intent->mapping_count++] =
        (struct intent_mapping){.region = (uint32_t)(intent->region_count - 1),
                                .domain = (uint32_t)domain,
                                .address = address,
                                .perms = perms};
    intent->regions[intent->region_count - 1].mapping_count++;
}

static void add_maps_of(struct intent *intent, const struct model_mr *mr, size_t domain,
                        const struct model_map *maps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (maps[i].mr == mr) {
            add_mapping(intent, domain, maps[i].vaddr,
                        maps[i].perms | (maps[i].cached ? 0u : INTENT_UNCACHED));
        }
    }
}

static void add_memory_regions(struct intent *intent)
{
    const struct image *image = intent->image;
    size_t first_vm = 1 + image->pd_count;

    for (size_t i = 0; i < image->model->mr_count; i++) {
        const struct model_mr *mr = image->model->mrs[i];

        add_region(intent, mr->name, (enum intent_region_kind)mr->kind, mr->phys_addr, mr->size_bytes);
        if (mr->kind == MODEL_MR_KLOG || mr->kind == MODEL_MR_TRACE) {
            add_mapping(intent, 0, mr->phys_addr, INTENT_READ | INTENT_WRITE);
        }
        for (size_t j = 0; j < image->pd_count; j++) {
            add_maps_of(intent, mr, 1 + j, image->pds[j].pd->maps, image->pds[j].pd->map_count);
        }
        for (size_t j = 0; j < image->vm_count; j++) {
            add_maps_of(intent, mr, first_vm + j, image->vms[j].vm->maps, image->vms[j].vm->map_count);
        }
    }
}

static void add_board_regions(struct intent *intent)
{
    const struct image *image = intent->image;
    const struct board *board = image->model->board;
    const struct board_range *devices[] = {&board->gicd, &board->gicc, &board->gich, &board->gicr,
                                           &board->uart};

    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
        if (devices[i]->bytes > 0) {
            add_region(intent, devices[i]->name, INTENT_REGION_KERNEL_DEVICE, devices[i]->base,
                       devices[i]->bytes);
            add_mapping(intent, 0, devices[i]->base, INTENT_READ | INTENT_WRITE);
        }
    }
    if (board->gicv.bytes == 0) {
        return;
    }
    add_region(intent, board->gicv.name, INTENT_REGION_GICV, board->gicv.base, board->gicv.bytes);
    for (size_t i = 0; i < image->vm_count; i++) {
        if (image->vms[i].vm->gicc_gpa != 0) {
            add_mapping(intent, 1 + image->pd_count + i, image->vms[i].vm->gicc_gpa,
                        INTENT_READ | INTENT_WRITE);
        }
    }
}

/** Put header and lists behind each other. */
static uint8_t *pack(const struct intent *intent, size_t *bytes)
{
    const struct board *board = intent->image->model->board;
    struct intent_header header = {
        .magic = INTENT_MAGIC,
        .version = INTENT_VERSION,
        .domain_count = (uint32_t)intent->domain_count,
        .region_count = (uint32_t)intent->region_count,
        .mapping_count = (uint32_t)intent->mapping_count,
        .ram_base = board->ram.base,
        .ram_bytes = board->ram.bytes,
        .firmware_bytes = board->firmware_bytes,
    };
    size_t domain_bytes = intent->domain_count * sizeof intent->domains[0];
    size_t region_bytes = intent->region_count * sizeof intent->regions[0];
    size_t mapping_bytes = intent->mapping_count * sizeof intent->mappings[0];
    uint8_t *data;

    header.domain_offset = sizeof header;
    header.region_offset = header.domain_offset + domain_bytes;
    header.mapping_offset = header.region_offset + region_bytes;
    *bytes = header.mapping_offset + mapping_bytes;
    header.size_bytes = (uint32_t)*bytes;
    data = mem_zalloc(*bytes);
    memcpy(data, &header, sizeof header);
    memcpy(data + header.domain_offset, intent->domains, domain_bytes);
    memcpy(data + header.region_offset, intent->regions, region_bytes);
    if (mapping_bytes > 0) {
        memcpy(data + header.mapping_offset, intent->mappings, mapping_bytes);
    }
    return data;
}

uint8_t *intent_write_section(const struct image *image, size_t *bytes)
{
    struct intent intent = {.image = image};
    uint8_t *data;

    add_domains(&intent);
    add_memory_regions(&intent);
    add_board_regions(&intent);
    data = pack(&intent, bytes);
    free(intent.domains);
    free(intent.regions);
    free(intent.mappings);
    return data;
}
