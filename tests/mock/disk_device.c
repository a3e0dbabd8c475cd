/* SPDX-License-Identifier: BSD-2-Clause */
/* The device of a disk_machine: virtio-mmio registers (virtio 1.2, 4.2.2) and requests (5.2.6). */
#include <stdlib.h>
#include <string.h>

#include "tests/mock/disk_device.h"

static uint64_t *field_of(struct disk_device *disk, uint32_t offset)
{
    switch (offset & ~4u) {
    case 0x80:
        return &disk->layout.desc.value;
    case 0x90:
        return &disk->layout.avail.value;
    case 0xa0:
        return &disk->layout.used.value;
    default:
        return NULL;
    }
}

static uint32_t config(const struct disk_device *disk, uint32_t offset)
{
    switch (offset) {
    case 0:
        return DISK_MACHINE_SECTORS;
    case 12:
        return disk->seg_max;
    case 20:
        return BLK_SECTOR_BYTES;
    case 36: /* max_discard_sectors, discard_sector_alignment, max_write_zeroes_sectors */
    case 48:
        return 64;
    case 44:
        return 1;
    default:
        return 0;
    }
}

uint32_t disk_device_read(void *context, uint32_t offset)
{
    const struct disk_device *disk = context;

    switch (offset) {
    case 0x000:
        return VIRTIO_MMIO_MAGIC;
    case 0x004:
    case 0x008:
        return 2; /* version, and block device */
    case 0x010:
        return (uint32_t)(disk->offered >> 32 * disk->features_sel);
    case 0x034:
        return 256;
    case 0x044:
        return disk->queue.ready;
    case 0x060:
        return disk->interrupts;
    case 0x070:
        return disk->status;
    default:
        return offset >= 0x100 ? config(disk, offset - 0x100) : 0;
    }
}

static void enable(struct disk_device *disk)
{
    const struct virtq_features features = {
        .event_idx = (disk->accepted & VIRTIO_F_EVENT_IDX) != 0,
        .indirect = (disk->accepted & VIRTIO_F_INDIRECT_DESC) != 0,
    };

    if (virtq_enable(&disk->queue, &disk->mem, &disk->layout, 256, features) == ERR_OK) {
        (void)virtq_request_kick(&disk->queue);
    }
}

void disk_device_write(void *context, uint32_t offset, uint32_t value)
{
    struct disk_device *disk = context;
    uint64_t *field = field_of(disk, offset);

    if (field != NULL) {
        const unsigned int shift = (offset & 4u) * 8;

        *field = (*field & ~(0xffffffffull << shift)) | (uint64_t)value << shift;
    }
    switch (offset) {
    case 0x014:
    case 0x024:
        disk->features_sel = value & 1;
        break;
    case 0x020:
        disk->accepted |= (uint64_t)value << 32 * disk->features_sel;
        break;
    case 0x038:
        disk->layout.size = (uint16_t)value;
        break;
    case 0x044:
        enable(disk);
        break;
    case 0x050:
        disk->kicked = true;
        break;
    case 0x064:
        disk->interrupts &= ~value;
        break;
    case 0x070:
        disk->status = value;
        if (value == 0) {
            virtq_disable(&disk->queue);
            disk->accepted = 0;
        }
        break;
    default:
        break;
    }
}

/* What has been written to, in pieces of so many bytes. */
#define PIECE_BYTES 0x8000u
#define PIECES (DISK_MACHINE_SECTORS * BLK_SECTOR_BYTES / PIECE_BYTES)
_Static_assert(DISK_MACHINE_SECTORS *BLK_SECTOR_BYTES % PIECE_BYTES == 0, "the last one counts, too");
static bool dirty[PIECES];
static uint8_t *kept;

uint8_t *disk_device_contents(size_t bytes)
{
    if (kept == NULL) {
        kept = malloc(bytes);
        memset(dirty, true, sizeof dirty);
    }
    dirty[0] = true; /* the tables are */
    dirty[PIECES - 1] = true;
    for (size_t i = 0; i < PIECES; i++) {
        if (dirty[i]) {
            memset(kept + i * PIECE_BYTES, DISK_MACHINE_FILL, PIECE_BYTES);
            dirty[i] = false;
        }
    }
    return kept;
}

static void mark_dirty(uint64_t sector, uint64_t bytes)
{
    const uint64_t first = sector * BLK_SECTOR_BYTES;

    for (uint64_t i = first / PIECE_BYTES; i < PIECES && i * PIECE_BYTES < first + bytes; i++) {
        dirty[i] = true;
    }
}

static uint8_t move(struct disk_device *disk, const struct virtio_blk_req *req, uint64_t bytes)
{
    uint8_t *at = disk->contents + req->sector * BLK_SECTOR_BYTES;

    if (req->sector > DISK_MACHINE_SECTORS ||
        bytes > (DISK_MACHINE_SECTORS - req->sector) * BLK_SECTOR_BYTES || bytes % BLK_SECTOR_BYTES != 0) {
        return VIRTIO_BLK_S_IOERR;
    }
    if (req->type == VIRTIO_BLK_T_IN) {
        (void)virtq_chain_write(&disk->chain, 0, at, bytes);
    } else {
        mark_dirty(req->sector, bytes);
        (void)virtq_chain_read(&disk->chain, sizeof *req, at, bytes);
    }
    return VIRTIO_BLK_S_OK;
}

static uint8_t zero(struct disk_device *disk)
{
    struct virtio_blk_range range;

    (void)virtq_chain_read(&disk->chain, sizeof(struct virtio_blk_req), &range, sizeof range);
    if (range.num_sectors > 64 || range.sector > DISK_MACHINE_SECTORS ||
        range.num_sectors > DISK_MACHINE_SECTORS - range.sector) {
        return VIRTIO_BLK_S_IOERR;
    }
    mark_dirty(range.sector, (uint64_t)range.num_sectors * BLK_SECTOR_BYTES);
    memset(disk->contents + range.sector * BLK_SECTOR_BYTES, 0, (size_t)range.num_sectors * BLK_SECTOR_BYTES);
    return VIRTIO_BLK_S_OK;
}

static void serve(struct disk_device *disk)
{
    const struct virtq_chain *chain = &disk->chain;
    struct virtio_blk_req req = {0};
    uint8_t status = VIRTIO_BLK_S_OK;

    (void)virtq_chain_read(chain, 0, &req, sizeof req);
    const bool is_read = req.type == VIRTIO_BLK_T_IN;
    const uint64_t bytes = is_read ? chain->writable_bytes - 1 : chain->readable_bytes - sizeof req;
    const uint32_t segments = (uint32_t)(chain->readable_count + chain->writable_count) - 2;
    disk->max_seen = segments > disk->max_seen ? segments : disk->max_seen;
    if (disk->log_count < sizeof disk->log / sizeof disk->log[0]) {
        disk->log[disk->log_count].type = req.type;
        disk->log[disk->log_count].sector = req.sector;
        disk->log[disk->log_count].bytes = bytes;
    }
    disk->log_count++;
    if (disk->fails) {
        status = VIRTIO_BLK_S_IOERR;
    } else if (is_read || req.type == VIRTIO_BLK_T_OUT) {
        status = move(disk, &req, bytes);
    } else if (req.type == VIRTIO_BLK_T_DISCARD || req.type == VIRTIO_BLK_T_WRITE_ZEROES) {
        status = zero(disk);
    }
    (void)virtq_chain_write(chain, chain->writable_bytes - 1, &status, 1);
    virtq_push(&disk->queue, chain->head, is_read ? (uint32_t)bytes + 1 : 1);
}

bool disk_device_run(struct disk_device *disk)
{
    bool worked = false;

    if (disk->holds) {
        return false;
    }
    disk->kicked = false;
    do {
        while (virtq_pop(&disk->queue, &disk->chain) == ERR_OK) {
            serve(disk);
            worked = true;
        }
    } while (virtq_request_kick(&disk->queue));
    if (worked && virtq_should_interrupt(&disk->queue)) {
        disk->interrupts |= 1;
    }
    return worked;
}
