/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_server/blk_disk.h"

#include "lib/base/mem.h"
#include "lib/blk/blk_check.h"

/* A disk that is reset while its table is read fails that once. */
#define MAX_TABLE_ATTEMPTS 2u

/* Extents. */

static bool find_extent(const struct blk_disk *disk, const struct blk_client_config *config,
                        struct blk_client *client)
{
    const struct blk_partition *partition = NULL;

    client->first_sector = 0;
    client->sector_count = disk->info.sector_count;
    switch (config->extent) {
    case BLK_EXTENT_DISK:
        return true;
    case BLK_EXTENT_RANGE:
        client->first_sector = config->first_sector;
        if (config->first_sector >= disk->info.sector_count) {
            return false;
        }
        client->sector_count =
            config->sector_count != 0 ? config->sector_count : disk->info.sector_count - config->first_sector;
        break;
    case BLK_EXTENT_NUMBER:
    case BLK_EXTENT_NAME:
        partition = config->extent == BLK_EXTENT_NUMBER
                        ? blk_table_by_number(&disk->table, config->partition_number)
                        : blk_table_by_name(&disk->table, config->partition_name);
        if (partition == NULL) {
            return false;
        }
        client->first_sector = partition->first_sector;
        client->sector_count = partition->sector_count;
        break;
    default:
        return false;
    }
    return (client->first_sector * BLK_SECTOR_BYTES) % disk->info.block_bytes == 0 &&
           blk_check_range(client->first_sector, client->sector_count, disk->info.sector_count);
}

/* Two that may both write to a place. The tool finds those that are in the description, not those on disk. */
static const struct blk_client *find_conflict(const struct blk_server *server, uint32_t index)
{
    const struct blk_client *client = &server->clients[index];

    for (uint32_t i = 0; i < index && !client->read_only; i++) {
        const struct blk_client *other = &server->clients[i];

        if (other->config->disk == client->config->disk && !other->read_only && other->sector_count != 0 &&
            client->first_sector < other->first_sector + other->sector_count &&
            other->first_sector < client->first_sector + client->sector_count) {
            return other;
        }
    }
    return NULL;
}

static void assign(struct blk_server *server, uint32_t index)
{
    struct blk_client *client = &server->clients[index];
    const struct blk_client_config *config = client->config;
    const struct blk_disk *disk = &server->disks[config->disk];

    client->read_only = config->read_only != 0 || (disk->info.flags & BLK_INFO_READ_ONLY) != 0;
    if ((disk->info.flags & BLK_INFO_ALIVE) == 0) {
        client->sector_count = 0;
    } else if (!find_extent(disk, config, client)) {
        log_error("%s: disk %s has no such partition or range", config->name, disk->config->name);
        client->sector_count = 0;
    } else {
        const struct blk_client *other = find_conflict(server, index);
        if (other != NULL) {
            log_error("%s: its part of disk %s overlaps that of %s, and both may write", config->name,
                      disk->config->name, other->config->name);
            client->sector_count = 0;
        }
    }
    client->info_due = true;
}

static void make_ready(struct blk_server *server, uint32_t index)
{
    server->disks[index].state = BLK_DISK_READY;
    for (uint32_t i = 0; i < server->config->client_count; i++) {
        if (server->clients[i].config->disk == index) {
            assign(server, i);
        }
    }
}

struct blk_info blk_disk_client_info(const struct blk_server *server, uint32_t index)
{
    const struct blk_client *client = &server->clients[index];
    struct blk_info info = server->disks[client->config->disk].info;

    info.sector_count = client->sector_count;
    if (client->sector_count == 0) {
        info.flags &= ~(uint32_t)BLK_INFO_ALIVE;
    }
    if (client->read_only) {
        info.flags |= BLK_INFO_READ_ONLY;
        info.flags &= ~(uint32_t)(BLK_INFO_DISCARD | BLK_INFO_WRITE_ZEROES | BLK_INFO_MAY_UNMAP);
    }
    /* The server cuts requests into what the disk takes. */
    info.max_segments = BLK_MAX_SEGMENTS;
    info.max_segment_bytes = BLK_MAX_BYTES;
    info.alignment_offset = client->first_sector == 0 ? info.alignment_offset : 0;
    return info;
}

/* Reading the partition table. */

static struct blk_geometry geometry_of(const struct blk_disk *disk)
{
    return (struct blk_geometry){.block_count =
                                     disk->info.sector_count / (disk->info.block_bytes / BLK_SECTOR_BYTES),
                                 .block_bytes = disk->info.block_bytes};
}

static void read_blocks(struct blk_disk *disk, enum blk_disk_state state, uint64_t lba, uint64_t bytes)
{
    const uint64_t block = disk->info.block_bytes;

    disk->state = state;
    disk->read_due = true;
    disk->read_sector = lba * (block / BLK_SECTOR_BYTES);
    disk->read_sectors = (uint32_t)((bytes + block - 1) / block * (block / BLK_SECTOR_BYTES));
}

static bool needs_table(const struct blk_server *server, uint32_t index)
{
    bool needs = false;

    for (uint32_t i = 0; i < server->config->client_count; i++) {
        const struct blk_client_config *config = &server->config->clients[i];

        needs = needs || (config->disk == index &&
                          (config->extent == BLK_EXTENT_NUMBER || config->extent == BLK_EXTENT_NAME));
    }
    return needs;
}

/* LBA 0 and 1: MBR and the GPT's header. */
static void read_start(struct blk_disk *disk)
{
    read_blocks(disk, BLK_DISK_READING, 0, 2ull * disk->info.block_bytes);
}

enum err blk_disk_info(struct blk_server *server, uint32_t index, const uint8_t *untrusted, uint32_t bytes)
{
    struct blk_disk *disk = &server->disks[index];
    const enum err err = blk_check_info(&disk->info, untrusted, bytes);

    if (err != ERR_OK) {
        disk->info = (struct blk_info){.block_bytes = BLK_SECTOR_BYTES, .max_segments = 1};
        make_ready(server, index);
        return err;
    }
    const bool readable = (disk->info.flags & BLK_INFO_ALIVE) != 0 &&
                          disk->info.sector_count >= 3 * disk->info.block_bytes / 512;
    const bool is_reading = disk->state != BLK_DISK_WAITING && disk->state != BLK_DISK_READY;
    disk->table_attempts = 0;
    if (readable && !is_reading && !disk->table_known && needs_table(server, index)) {
        read_start(disk);
    } else if (disk->state == BLK_DISK_READY || disk->state == BLK_DISK_WAITING || !readable) {
        make_ready(server, index);
    }
    return ERR_OK;
}

void blk_disk_restarted(struct blk_disk *disk)
{
    if (disk->state != BLK_DISK_READY) {
        disk->state = BLK_DISK_WAITING;
        disk->read_due = false;
    }
}

/* The whole of it goes to the start of the scratch region. */
static struct blk_request make_read(const struct blk_disk *disk)
{
    const uint32_t bytes = disk->read_sectors * BLK_SECTOR_BYTES;
    struct blk_request request = {
        .op = BLK_READ, .sector = disk->read_sector, .sector_count = disk->read_sectors};

    for (uint32_t done = 0; done < bytes && request.segment_count < BLK_MAX_SEGMENTS;) {
        const uint32_t left = bytes - done;
        const uint32_t limit = disk->info.max_segment_bytes;
        struct blk_segment *segment = &request.segments[request.segment_count++];

        *segment = (struct blk_segment){.offset = done, .bytes = left < limit ? left : limit};
        done += segment->bytes;
    }
    return request;
}

void blk_disk_send_read(struct blk_disk *disk)
{
    uint8_t *data;

    if (disk->read_due && ring_reserve(&disk->link, sizeof(struct blk_request), &data) == ERR_OK) {
        const struct blk_request request = make_read(disk);
        const uint32_t bytes = blk_check_request_bytes(request.segment_count);

        memcpy(data, &request, bytes);
        ring_commit(&disk->link, bytes, BLK_DISK_TAG);
        disk->read_due = false;
    }
}

static const uint8_t *scratch_of(const struct blk_disk *disk)
{
    return (const uint8_t *)(uintptr_t)disk->config->scratch;
}

/* A header has been read from `lba` to `block`. False if it is of no use. */
static bool take_header(struct blk_disk *disk, const uint8_t *block, uint64_t lba, enum blk_disk_state next)
{
    const struct blk_geometry geometry = geometry_of(disk);
    const enum err err = blk_table_read_header(&disk->gpt, block, lba, &geometry);

    if (err != ERR_OK) {
        log_warn("disk %s: GPT header at block %llu: %s", disk->config->name, (unsigned long long)lba,
                 err_text(err));
        return false;
    }
    read_blocks(disk, next, disk->gpt.entries_lba, blk_table_entries_bytes(&disk->gpt));
    return true;
}

static bool take_entries(struct blk_disk *disk)
{
    const struct blk_geometry geometry = geometry_of(disk);
    const enum err err = blk_table_read_entries(&disk->table, &disk->gpt, scratch_of(disk), &geometry);

    if (err != ERR_OK) {
        log_warn("disk %s: GPT entries at block %llu: %s", disk->config->name,
                 (unsigned long long)disk->gpt.entries_lba, err_text(err));
    }
    return err == ERR_OK;
}

/* Read the next table of logical partitions. Returns false if there is none. */
static bool follow_chain(struct blk_disk *disk)
{
    if (disk->chain.next_lba == 0) {
        return false;
    }
    read_blocks(disk, BLK_DISK_READING_CHAIN, disk->chain.next_lba, disk->info.block_bytes);
    return true;
}

/* One of them is there. */
static bool take_link(struct blk_disk *disk)
{
    const struct blk_geometry geometry = geometry_of(disk);
    const uint64_t lba = disk->chain.next_lba;
    const enum err err = blk_table_read_link(&disk->table, &disk->chain, scratch_of(disk), &geometry);

    if (err != ERR_OK) {
        log_warn("disk %s: logical partitions at block %llu: %s", disk->config->name, (unsigned long long)lba,
                 err_text(err));
    }
    return follow_chain(disk);
}

/* LBA 0 and 1 are there. */
static bool take_start(struct blk_disk *disk)
{
    const struct blk_geometry geometry = geometry_of(disk);
    const uint8_t *block = scratch_of(disk);

    if (!blk_table_is_gpt(block)) {
        if (blk_table_read_mbr(&disk->table, &disk->chain, block, &geometry) != ERR_OK) {
            log_warn("disk %s has no partition table", disk->config->name);
        }
        return follow_chain(disk);
    }
    if (!take_header(disk, block + disk->info.block_bytes, GPT_HEADER_LBA, BLK_DISK_READING_ENTRIES)) {
        read_blocks(disk, BLK_DISK_READING_BACKUP, geometry.block_count - 1, disk->info.block_bytes);
    }
    return true;
}

/* What has been read is there. Returns false if there is nothing more to read. */
static bool go_on(struct blk_disk *disk)
{
    const struct blk_geometry geometry = geometry_of(disk);

    switch (disk->state) {
    case BLK_DISK_READING:
        return take_start(disk);
    case BLK_DISK_READING_ENTRIES:
        if (take_entries(disk)) {
            return false;
        }
        read_blocks(disk, BLK_DISK_READING_BACKUP, geometry.block_count - 1, disk->info.block_bytes);
        return true;
    case BLK_DISK_READING_BACKUP:
        return take_header(disk, scratch_of(disk), geometry.block_count - 1, BLK_DISK_READING_BACKUP_ENTRIES);
    case BLK_DISK_READING_BACKUP_ENTRIES:
        (void)take_entries(disk);
        return false;
    case BLK_DISK_READING_CHAIN:
        return take_link(disk);
    case BLK_DISK_WAITING:
    case BLK_DISK_READY:
    default:
        return true; /* an answer to nothing */
    }
}

void blk_disk_read_done(struct blk_server *server, uint32_t index, uint32_t status)
{
    struct blk_disk *disk = &server->disks[index];
    bool more = false;

    if (disk->state == BLK_DISK_WAITING || disk->state == BLK_DISK_READY || disk->read_due) {
        return;
    }
    if (status == BLK_DONE) {
        more = go_on(disk);
        disk->table_known = !more;
    } else if (++disk->table_attempts < MAX_TABLE_ATTEMPTS) {
        read_start(disk);
        more = true;
    } else {
        log_error("disk %s: its partition table cannot be read", disk->config->name);
    }
    if (!more) {
        make_ready(server, index);
    }
}
