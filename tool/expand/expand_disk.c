/* SPDX-License-Identifier: BSD-2-Clause */
/* <disk>: a virtio block device or SD card of the board with its driver; <block_server>: what shares disks out. */
#include <stdlib.h>
#include <string.h>

#include "lib/blk/gpt.h"
#include "tool/base/mem.h"
#include "tool/disk/disk_name.h"
#include "tool/expand/expand.h"
#include "tool/language/spec/lang_common.h"

/* Requests are large records; the driver takes as many as its device has in flight. */
#define DRIVER_RING_BYTES 0x40000u

static void add_server(struct expand *expand)
{
    const struct node *node = node_first(expand->root, &lang_block_server);
    const struct desc_block_server *desc;

    if (expand->blk_server_pd != NULL) {
        return;
    }
    if (node == NULL) {
        /* As if <block_server/> stood there. */
        expand->default_blk_server_xml =
            (struct xml_element){.name = "block_server", .loc = expand->root->loc};
        expand->default_blk_server =
            node_bind(expand->diag, &lang_block_server, &expand->default_blk_server_xml);
        expand_realtime_lower(expand, expand->default_blk_server);
        node = expand->default_blk_server;
    }
    desc = node->fields;
    if (!node->broken && desc->name != NULL) {
        expand->blk_server_pd = expand_add_pd(expand, desc->name, node->loc, &desc->options);
    }
}

static void add_paddr(struct model_pd *driver, const char *symbol, struct model_mr *mr)
{
    model_add_setvar(driver, symbol)->region_paddr = mr;
}

/* What the driver shares with the device, and where the server reads partition tables. */
static void add_memory(struct expand *expand, const struct node *node, struct expand_disk *disk)
{
    const struct desc_disk *desc = node->fields;
    struct blk_disk_config *server_disk = &expand->blk_config.disks[expand->blk_config.disk_count];
    struct model_pd *server = expand->blk_server_pd;
    struct model_mr *own = expand_slot_region(expand, node, desc->name, "queue", BLK_DRIVER_OWN_BYTES);
    struct model_mr *scratch =
        expand_slot_region(expand, node, desc->name, "table", BLK_SERVER_SCRATCH_BYTES);

    disk->config.own_bytes = BLK_DRIVER_OWN_BYTES;
    disk->config.own = expand_free_vaddr(disk->driver, EXPAND_SMALL_BASE, own->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(disk->driver, own, disk->config.own, MODEL_READ | MODEL_WRITE);
    add_paddr(disk->driver, BLK_DRIVER_OWN_PADDR_SYMBOL, own);
    server_disk->scratch =
        expand_free_vaddr(server, EXPAND_SMALL_BASE, scratch->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(server, scratch, server_disk->scratch, MODEL_READ | MODEL_WRITE);
    add_paddr(disk->driver, BLK_DRIVER_REGION_PADDR_SYMBOL "0", scratch);
    disk->config.region_bytes[0] = scratch->size_bytes;
    disk->config.region_count = 1;
}

static void add_contents(struct expand *expand, const struct node *node, struct model_partition *partition)
{
    const struct desc_partition *desc = node->fields;
    uint64_t bytes = 0;

    if (desc->contents == NULL) {
        return;
    }
    partition->contents = expand_image_find(expand, node, "contents", desc->contents, "ext4.img", &bytes);
    if (bytes > partition->bytes) {
        diag_error(expand->diag, node_loc(node, "contents"),
                   "<partition>: the contents have %llu MiB, the partition %llu MiB",
                   (unsigned long long)((bytes + SPEC_PARTITION_ALIGN - 1) / SPEC_PARTITION_ALIGN),
                   (unsigned long long)(partition->bytes / SPEC_PARTITION_ALIGN));
    }
}

static void add_partitions(struct expand *expand, const struct node *node, struct model_disk *disk)
{
    /* A GPT takes less than this at either end. */
    uint64_t at = SPEC_PARTITION_ALIGN;
    const uint64_t end = disk->size_bytes - SPEC_PARTITION_ALIGN;

    for (size_t i = 0; i < node->child_count; i++) {
        const struct node *child = node->children[i];
        const struct desc_partition *desc = child->fields;

        if (child->broken || desc->name == NULL) {
            continue;
        }
        struct model_partition *partition = model_add_partition(disk, desc->name);
        partition->first_byte = at;
        partition->bytes = desc->size != 0 ? desc->size : end - at;
        if (desc->size == 0 && i + 1 < node->child_count) {
            diag_error(expand->diag, child->loc,
                       "<partition>: only the last partition may leave its size out");
            return;
        }
        if (partition->bytes == 0 || partition->bytes > end - at) {
            diag_error(expand->diag, node_loc(child, "size"),
                       "<partition>: the disk has %llu MiB left for it; 1 MiB at either end is the table's",
                       (unsigned long long)((end - at) / SPEC_PARTITION_ALIGN));
            return;
        }
        add_contents(expand, child, partition);
        at += partition->bytes;
    }
}

static void check_partition_names(struct expand *expand, const struct node *node)
{
    for (size_t i = 0; i < node->child_count; i++) {
        const struct desc_partition *desc = node->children[i]->fields;

        for (size_t j = 0; desc->name != NULL && j < i; j++) {
            const struct desc_partition *other = node->children[j]->fields;

            if (other->name != NULL && strcmp(desc->name, other->name) == 0) {
                diag_error(expand->diag, node_loc(node->children[i], "name"),
                           "<partition>: name \"%s\" is taken", desc->name);
                diag_note(expand->diag, node->children[j]->loc, "by this <partition>");
                break;
            }
        }
    }
}

/* What QEMU makes of an image as an SD card. */
static void check_card(struct expand *expand, const struct node *node)
{
    const struct desc_disk *desc = node->fields;

    if ((desc->size & (desc->size - 1)) != 0) {
        diag_error(expand->diag, node_loc(node, "size"),
                   "<disk>: QEMU's SD cards have sizes that are powers of two, which %llu MiB is not",
                   (unsigned long long)(desc->size >> 20));
    }
    if (desc->timeout_ms == 0) {
        diag_error(expand->diag, node_loc(node, "timeout_ms"),
                   "<disk>: an SD card needs a time limit: its driver looks again and again while it starts");
    }
}

static void add_model_disk(struct expand *expand, const struct node *node, const struct expand_slot *slot)
{
    const struct desc_disk *desc = node->fields;
    struct model_disk *disk = model_add_disk(expand->model, desc->name, node->loc);

    disk->image = desc->image != NULL ? mem_strdup(desc->image)
                                      : mem_printf("%s-%s.img", expand->model->name, desc->name);
    if (!disk_name_is_possible(disk->image)) {
        diag_error(expand->diag, node_loc(node, "image"),
                   "<disk>: image \"%s\" cannot be named to QEMU: no quotes, control characters or more than "
                   "1000 bytes",
                   disk->image);
    }
    disk->size_bytes = desc->size;
    disk->readonly = desc->readonly;
    disk->slot = slot->device != NULL ? slot->device->qemu_unit : slot->slot;
    disk->device = slot->device;
    if (slot->device != NULL) {
        check_card(expand, node);
    }
    check_partition_names(expand, node);
    if (node->child_count > 0 && desc->size == 0) {
        diag_error(expand->diag, node->loc, "<disk>: with partitions, it needs a size");
    } else if (node->child_count > GPT_ENTRY_COUNT) {
        diag_error(expand->diag, node->loc, "<disk>: it can have at most %u partitions", GPT_ENTRY_COUNT);
    } else if (node->child_count > 0) {
        add_partitions(expand, node, disk);
    }
}

static bool may_add(struct expand *expand, const struct node *node)
{
    const struct desc_disk *desc = node->fields;

    const struct source_disabled *off = source_find_disabled(expand->source, "block_server", NULL);

    if (node->broken || desc->name == NULL) {
        return false;
    }
    if (off != NULL) {
        diag_warning(expand->diag, node->loc, "<disk>: left out, as <block_server> is switched off");
        diag_note(expand->diag, off->loc, "<block_server> is here");
        return false;
    }
    if (expand->disk_count == BLK_SERVER_MAX_DISKS) {
        diag_error(expand->diag, node->loc, "<disk>: there can be at most %u disks", BLK_SERVER_MAX_DISKS);
        return false;
    }
    for (size_t i = 0; i < expand->disk_count; i++) {
        const struct model_disk *other = &expand->model->disks[expand->disks[i].model_index];

        if (strcmp(other->name, desc->name) == 0) {
            diag_error(expand->diag, node_loc(node, "name"), "<disk>: name \"%s\" is taken", desc->name);
            diag_note(expand->diag, expand->disks[i].node->loc, "by this <disk>");
            return false;
        }
        if (desc->image != NULL && strcmp(other->image, desc->image) == 0 &&
            !(other->readonly && desc->readonly)) {
            diag_error(expand->diag, node_loc(node, "image"),
                       "<disk>: image \"%s\" is another disk's, and one of them may be written", desc->image);
            diag_note(expand->diag, expand->disks[i].node->loc, "that of this <disk>");
        }
    }
    return true;
}

void expand_disk(struct expand *expand, const struct node *node)
{
    const struct desc_disk *desc = node->fields;
    struct expand_disk *disk = &expand->disks[expand->disk_count];
    struct expand_slot slot;

    if (!may_add(expand, node) ||
        !expand_slot_find(expand, node, BOARD_DISK, desc->device, desc->slot, &slot)) {
        return;
    }
    add_server(expand);
    if (expand->blk_server_pd == NULL) { /* it is wrong, and that was reported */
        return;
    }
    struct blk_disk_config *server_disk = &expand->blk_config.disks[expand->blk_config.disk_count];
    disk->node = node;
    disk->model_index = expand->model->disk_count;
    disk->driver = expand_slot_driver(expand, &slot, desc->name, &desc->driver, "blk_driver.elf",
                                      &disk->config.registers, &disk->config.irq_channel);
    if (disk->driver == NULL || !expand_link(expand, node, disk->driver, expand->blk_server_pd,
                                             DRIVER_RING_BYTES, &disk->config.link, &server_disk->link)) {
        return;
    }
    disk->driver->behind = expand->blk_server_pd;
    disk->config.timeout_ms = (uint32_t)desc->timeout_ms;
    if (desc->timeout_ms != 0 &&
        !expand_timer_connect(expand, node->loc, disk->driver, &disk->config.timer_channel)) {
        return;
    }
    add_memory(expand, node, disk);
    add_model_disk(expand, node, &slot);
    strncpy(server_disk->name, desc->name, sizeof(server_disk->name) - 1);
    expand->blk_config.disk_count++;
    expand->disk_count++;
}

void expand_disk_finish(struct expand *expand)
{
    struct blk_server_config *config = &expand->blk_config;

    for (size_t i = 0; i < expand->disk_count; i++) {
        struct blk_driver_config *driver = &expand->disks[i].config;

        expand_config_header(&driver->header, BLK_DRIVER_CONFIG_MAGIC, BLK_DRIVER_CONFIG_VERSION,
                             sizeof(*driver));
        (void)model_add_config(expand->disks[i].driver, BLK_DRIVER_CONFIG_SECTION, driver, sizeof(*driver));
    }
    if (expand->blk_server_pd != NULL) {
        expand_config_header(&config->header, BLK_SERVER_CONFIG_MAGIC, BLK_SERVER_CONFIG_VERSION,
                             sizeof(*config));
        (void)model_add_config(expand->blk_server_pd, BLK_SERVER_CONFIG_SECTION, config, sizeof(*config));
    }
}
