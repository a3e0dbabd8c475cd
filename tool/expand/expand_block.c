/* SPDX-License-Identifier: BSD-2-Clause */
/* <block>: a guest's part of a disk. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"
#include "tool/base/suggest.h"
#include "tool/expand/expand.h"
#include "tool/language/spec/lang_common.h"

/* Whether a <disk> of that name is there, but wrong: its own errors say so. */
static bool is_refused(const struct expand *expand, const char *name)
{
    bool refused = false;

    for (size_t i = 0; i < expand->root->child_count; i++) {
        const struct node *node = expand->root->children[i];
        const struct desc_disk *desc = node->fields;

        refused =
            refused || (node->spec == &lang_disk && desc->name != NULL && strcmp(desc->name, name) == 0);
    }
    return refused;
}

static struct expand_disk *find_disk(struct expand *expand, const struct node *block)
{
    const struct desc_block *desc = block->fields;
    const struct source_disabled *off;
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];

    suggest_start(&suggest, desc->disk);
    for (size_t i = 0; i < expand->disk_count; i++) {
        const char *name = expand->model->disks[expand->disks[i].model_index].name;

        if (strcmp(name, desc->disk) == 0) {
            return &expand->disks[i];
        }
        suggest_offer(&suggest, name);
    }
    off = source_find_disabled(expand->source, "disk", desc->disk);
    if (off != NULL) {
        diag_warning(expand->diag, block->loc, "<block>: left out, as disk \"%s\" is switched off",
                     desc->disk);
        diag_note(expand->diag, off->loc, "the disk is here");
    } else if (source_find_disabled(expand->source, "block_server", NULL) != NULL) {
        diag_warning(expand->diag, block->loc, "<block>: left out, as <block_server> is switched off");
    } else if (!is_refused(expand, desc->disk)) {
        expand_report_unknown(expand, block, "disk", "disk", desc->disk, suggest_text(&suggest, suggestion));
    }
    return NULL;
}

static bool is_number(const char *text)
{
    bool number = *text != '\0' && strlen(text) <= 3;

    for (; *text != '\0'; text++) {
        number = number && isdigit((unsigned char)*text);
    }
    return number;
}

static const char *count_text(const struct model_disk *disk, char *text, size_t bytes)
{
    if (disk->partition_count == 0) {
        return "; they count from 1";
    }
    (void)snprintf(text, bytes, "; the last is %zu", disk->partition_count);
    return text;
}

/* Partitions that the description lists are known by number and by name; others are looked up on the disk. */
static bool find_partition(struct expand *expand, const struct node *block, const struct model_disk *disk,
                           struct blk_client_config *client)
{
    const struct desc_block *desc = block->fields;
    const bool number = is_number(desc->partition);
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];
    char count[48];

    client->extent = number ? BLK_EXTENT_NUMBER : BLK_EXTENT_NAME;
    client->partition_number = number ? (uint32_t)strtoul(desc->partition, NULL, 10) : 0;
    strncpy(client->partition_name, number ? "" : desc->partition, sizeof(client->partition_name) - 1);
    suggest_start(&suggest, desc->partition);
    for (size_t i = 0; i < disk->partition_count; i++) {
        if (number ? client->partition_number == i + 1
                   : strcmp(disk->partitions[i].name, desc->partition) == 0) {
            client->extent = BLK_EXTENT_NUMBER;
            client->partition_number = (uint32_t)i + 1;
            return true;
        }
        suggest_offer(&suggest, disk->partitions[i].name);
    }
    if (disk->partition_count == 0 && !(number && client->partition_number == 0)) {
        return true;
    }
    (void)suggest_text(&suggest, suggestion);
    diag_error(expand->diag, node_loc(block, "partition"), "<block>: disk \"%s\" has no partition \"%s\"%s",
               disk->name, desc->partition, number ? count_text(disk, count, sizeof count) : suggestion);
    diag_note(expand->diag, disk->loc, "the disk is here");
    return false;
}

static bool set_extent(struct expand *expand, const struct node *block, struct model_disk *disk,
                       struct blk_client_config *client)
{
    const struct desc_block *desc = block->fields;
    const bool has_range = node_has(block, "offset") || node_has(block, "size");

    if (desc->partition != NULL && has_range) {
        diag_error(expand->diag, block->loc, "<block>: it can be a partition or a range, not both");
        return false;
    }
    if (desc->partition != NULL) {
        if (!find_partition(expand, block, disk, client)) {
            return false;
        }
        model_add_need(disk, desc->partition, node_loc(block, "partition"))->number =
            client->partition_number;
        return true;
    }
    if (!has_range) {
        client->extent = BLK_EXTENT_DISK;
        return true;
    }
    client->extent = BLK_EXTENT_RANGE;
    client->first_sector = desc->offset / SPEC_SECTOR_BYTES;
    client->sector_count = desc->size / SPEC_SECTOR_BYTES;
    if (disk->size_bytes != 0 &&
        (desc->offset >= disk->size_bytes || desc->size > disk->size_bytes - desc->offset)) {
        diag_error(expand->diag, node_loc(block, desc->size != 0 ? "size" : "offset"),
                   "<block>: the range ends behind disk \"%s\", which has %llu MiB", disk->name,
                   (unsigned long long)(disk->size_bytes / SPEC_PARTITION_ALIGN));
        diag_note(expand->diag, disk->loc, "the disk is here");
        return false;
    }
    const uint64_t end = desc->offset + (desc->size != 0 ? desc->size : SPEC_SECTOR_BYTES);
    disk->needed_bytes = end > disk->needed_bytes ? end : disk->needed_bytes;
    return true;
}

/* Bytes of a disk; known if the description says where they are. */
struct extent {
    bool known;
    uint64_t first, end;
};

static struct extent extent_of(const struct model_disk *disk, const struct blk_client_config *client)
{
    if (client->extent == BLK_EXTENT_DISK) {
        return (struct extent){true, 0, UINT64_MAX};
    }
    if (client->extent == BLK_EXTENT_RANGE) {
        const uint64_t first = client->first_sector * SPEC_SECTOR_BYTES;

        return (struct extent){true, first,
                               client->sector_count == 0 ? UINT64_MAX
                                                         : first + client->sector_count * SPEC_SECTOR_BYTES};
    }
    if (client->extent == BLK_EXTENT_NUMBER && client->partition_number <= disk->partition_count) {
        const struct model_partition *partition = &disk->partitions[client->partition_number - 1];

        return (struct extent){true, partition->first_byte, partition->first_byte + partition->bytes};
    }
    return (struct extent){0};
}

static bool overlap(const struct model_disk *disk, const struct blk_client_config *a,
                    const struct blk_client_config *b)
{
    const struct extent left = extent_of(disk, a);
    const struct extent right = extent_of(disk, b);

    if (a->extent == BLK_EXTENT_DISK || b->extent == BLK_EXTENT_DISK) {
        return true;
    }
    if (left.known && right.known) {
        return left.first < right.end && right.first < left.end;
    }
    return a->extent == b->extent && a->partition_number == b->partition_number &&
           strcmp(a->partition_name, b->partition_name) == 0 && a->extent != BLK_EXTENT_RANGE;
}

/* Two that write to the same place would destroy each other's file systems. */
static void check_overlap(struct expand *expand, const struct node *block, const struct model_disk *disk,
                          const struct blk_client_config *client)
{
    const struct blk_server_config *config = &expand->blk_config;

    for (uint32_t i = 0; i < config->client_count; i++) {
        const struct blk_client_config *other = &config->clients[i];

        if (other->disk != client->disk || (other->read_only != 0 && client->read_only != 0) ||
            !overlap(disk, client, other)) {
            continue;
        }
        if (other->read_only != 0 || client->read_only != 0) {
            diag_warning(
                expand->diag, block->loc,
                "<block>: one guest reads what another writes to disk \"%s\"; file systems don't expect "
                "that",
                disk->name);
        } else {
            diag_error(expand->diag, block->loc,
                       "<block>: the same part of disk \"%s\" may be written twice; add readonly=\"true\"",
                       disk->name);
        }
        diag_note(expand->diag, expand->blocks[i].node->loc, "the other <block>, of guest \"%s\"",
                  expand->blocks[i].guest);
        return;
    }
}

static struct model_mr *find_ram(const struct model_pd *vmm)
{
    for (size_t i = 0; i < vmm->vm->map_count; i++) {
        if (vmm->vm->maps[i].mr->kind == MODEL_MR_GUEST_RAM) {
            return vmm->vm->maps[i].mr;
        }
    }
    return NULL;
}

static struct model_mr *add_buffer(struct expand *expand, const struct node *block, const char *guest,
                                   struct model_pd *vmm, struct vmm_block_config *config)
{
    const struct desc_block *desc = block->fields;
    char *stem = mem_printf("%s_%s_buffer", guest, desc->disk);
    char *name = expand_unique_mr_name(expand, stem);
    struct model_mr *buffer = model_add_mr(expand->model, name, block->loc);

    buffer->size_bytes = desc->buffer_bytes;
    config->region_bytes = desc->buffer_bytes;
    config->region = expand_free_vaddr(vmm, EXPAND_SMALL_BASE, buffer->size_bytes, MODEL_PAGE_BYTES);
    (void)model_add_pd_map(vmm, buffer, config->region, MODEL_READ | MODEL_WRITE);
    free(name);
    free(stem);
    return buffer;
}

/* Let the disk's device at the memory that requests name. False if it isn't there: that was reported. */
static bool add_region(struct expand *expand, const struct node *block, const char *guest,
                       struct model_pd *vmm, struct expand_disk *disk, struct blk_client_config *client,
                       struct vmm_block_config *config)
{
    const struct desc_block *desc = block->fields;
    struct model_mr *mr =
        desc->datapath == VMM_BLOCK_SHARED ? find_ram(vmm) : add_buffer(expand, block, guest, vmm, config);
    char *symbol;

    if (mr == NULL) {
        return false;
    }
    config->datapath = desc->datapath;
    client->region = disk->config.region_count++;
    client->region_bytes = mr->size_bytes;
    disk->config.region_bytes[client->region] = mr->size_bytes;
    symbol = mem_printf(BLK_DRIVER_REGION_PADDR_SYMBOL "%u", client->region);
    model_add_setvar(disk->driver, symbol)->region_paddr = mr;
    free(symbol);
    return true;
}

static bool id_is_taken(const struct expand *expand, const char *guest, const char id[VMM_BLOCK_ID_BYTES])
{
    bool taken = false;

    for (uint32_t i = 0; i < expand->blk_config.client_count; i++) {
        taken = taken || (strcmp(expand->blocks[i].guest, guest) == 0 &&
                          memcmp(expand->blocks[i].id, id, VMM_BLOCK_ID_BYTES) == 0);
    }
    return taken;
}

/* What the guest knows the disk by: DISK or DISK-PARTITION as far as it fits, with a number at its end if the
   guest has one of that name. Not necessarily terminated: virtio 1.2, 5.2.6. */
static void name_disk(const struct expand *expand, const struct desc_block *desc, const char *guest,
                      char id[VMM_BLOCK_ID_BYTES])
{
    char *name =
        desc->partition == NULL ? mem_strdup(desc->disk) : mem_printf("%s-%s", desc->disk, desc->partition);
    unsigned int number = 1;

    memcpy(id, name, strnlen(name, VMM_BLOCK_ID_BYTES));
    while (id_is_taken(expand, guest, id)) {
        char *end = mem_printf("-%u", ++number);
        const size_t room = VMM_BLOCK_ID_BYTES - strlen(end);
        const size_t kept = strlen(name) < room ? strlen(name) : room;

        memset(id, 0, VMM_BLOCK_ID_BYTES);
        memcpy(id, name, kept);
        memcpy(id + kept, end, strlen(end));
        free(end);
    }
    free(name);
}

/* Limits take time. */
static bool add_limits(struct expand *expand, const struct node *block)
{
    struct blk_server_config *config = &expand->blk_config;

    if (config->has_limits != 0) {
        return true;
    }
    config->has_limits = 1;
    return expand_timer_connect(expand, block->loc, expand->blk_server_pd, &config->timer_channel);
}

bool expand_block_connect(struct expand *expand, const struct node *block, const char *guest,
                          struct model_pd *vmm, struct vmm_device_config *device)
{
    const struct desc_block *desc = block->fields;
    struct blk_server_config *config = &expand->blk_config;
    struct blk_client_config client = {.iops = (uint32_t)desc->iops, .bandwidth = desc->bandwidth};
    struct expand_disk *disk = block->broken || desc->disk == NULL ? NULL : find_disk(expand, block);

    if (disk == NULL) {
        return false;
    }
    struct model_disk *model_disk = &expand->model->disks[disk->model_index];
    if (config->client_count == BLK_SERVER_MAX_CLIENTS) {
        diag_error(expand->diag, block->loc, "<block>: the block server takes at most %u",
                   BLK_SERVER_MAX_CLIENTS);
        return false;
    }
    client.disk = (uint32_t)(disk - expand->disks);
    client.read_only = desc->readonly || model_disk->readonly;
    if (!set_extent(expand, block, model_disk, &client)) {
        return false;
    }
    check_overlap(expand, block, model_disk, &client);
    (void)snprintf(client.name, sizeof(client.name), "%s", guest);
    name_disk(expand, desc, guest, device->u.block.id);
    if (!add_region(expand, block, guest, vmm, disk, &client, &device->u.block) ||
        !expand_link(expand, block, vmm, expand->blk_server_pd, desc->ring_bytes, &device->link,
                     &client.link)) {
        return false;
    }
    model_add_account(expand->blk_server_pd, vmm, client.link.channel);
    if ((client.iops != 0 || client.bandwidth != 0) && !add_limits(expand, block)) {
        return false;
    }
    expand->blocks[config->client_count] = (struct expand_block){.node = block, .guest = guest};
    memcpy(expand->blocks[config->client_count].id, device->u.block.id, VMM_BLOCK_ID_BYTES);
    config->clients[config->client_count++] = client;
    return true;
}
