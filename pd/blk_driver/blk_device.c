/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/blk_driver/blk_device.h"

#include <stddef.h>

#define WANTED_FEATURES                                                                                      \
    (VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE |                \
     VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_TOPOLOGY | VIRTIO_BLK_F_DISCARD | VIRTIO_BLK_F_WRITE_ZEROES |         \
     VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1)

/* Config space is read a 32-bit word at a time. */
#define CONFIG(field) ((uint32_t)offsetof(struct virtio_blk_config, field))

/* A device whose config space never stands still is no use. */
#define MAX_READS 100u

static uint32_t read(const struct blk_driver *driver, uint32_t offset)
{
    return driver->registers.read(driver->registers.context, offset);
}

static bool has(const struct blk_driver *driver, uint64_t feature)
{
    return (driver->features & feature) != 0;
}

static uint32_t config(const struct blk_driver *driver, uint32_t offset)
{
    return read(driver, MMIO_TRANSPORT_CONFIG + offset);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* Limits that the device gives; 0 means none, or that we know better. */
static void read_limits(const struct blk_driver *driver, struct blk_info *info)
{
    info->block_bytes = has(driver, VIRTIO_BLK_F_BLK_SIZE) ? config(driver, CONFIG(blk_size)) : 0;
    info->max_segment_bytes = has(driver, VIRTIO_BLK_F_SIZE_MAX) ? config(driver, CONFIG(size_max)) : 0;
    info->max_segments = has(driver, VIRTIO_BLK_F_SEG_MAX) ? config(driver, CONFIG(seg_max)) : 0;
    if (info->block_bytes < BLK_SECTOR_BYTES || (info->block_bytes & (info->block_bytes - 1)) != 0) {
        info->block_bytes = BLK_SECTOR_BYTES;
    }
    if (info->max_segment_bytes < info->block_bytes || info->max_segment_bytes > BLK_MAX_BYTES) {
        info->max_segment_bytes = BLK_MAX_BYTES;
    }
    /* Header and status take a descriptor each. Without indirect ones, leave some for other requests. */
    const uint32_t room = driver->indirect ? driver->queue.size : driver->queue.size / 2u;
    const uint32_t own_limit = smaller(room > 3 ? room - 2 : 1, BLK_MAX_SEGMENTS);
    info->max_segments = info->max_segments == 0 ? 1 : smaller(info->max_segments, own_limit);
}

static void read_topology(const struct blk_driver *driver, struct blk_info *info)
{
    const uint32_t word = config(driver, CONFIG(physical_block_exp));

    info->physical_exponent = (uint8_t)smaller(word & 0xff, 16);
    info->alignment_offset = (uint8_t)(word >> 8);
    info->min_io_blocks = (uint16_t)(word >> 16);
    info->optimal_io_blocks = config(driver, CONFIG(opt_io_size));
}

static struct blk_info read_info_once(const struct blk_driver *driver)
{
    struct blk_info info = {.flags = BLK_INFO_ALIVE};

    info.sector_count = config(driver, CONFIG(capacity));
    info.sector_count |= (uint64_t)config(driver, CONFIG(capacity) + 4) << 32;
    if (info.sector_count > UINT64_MAX / BLK_SECTOR_BYTES) {
        info.sector_count = UINT64_MAX / BLK_SECTOR_BYTES;
    }
    read_limits(driver, &info);
    if (has(driver, VIRTIO_BLK_F_TOPOLOGY)) {
        read_topology(driver, &info);
    }
    info.flags |= has(driver, VIRTIO_BLK_F_RO) ? BLK_INFO_READ_ONLY : 0u;
    info.flags |= has(driver, VIRTIO_BLK_F_FLUSH) ? BLK_INFO_FLUSH : 0u;
    if (has(driver, VIRTIO_BLK_F_DISCARD)) {
        info.max_discard = config(driver, CONFIG(max_discard_sectors));
        info.discard_align = config(driver, CONFIG(discard_sector_alignment));
        info.flags |= info.max_discard != 0 ? BLK_INFO_DISCARD : 0u;
    }
    if (has(driver, VIRTIO_BLK_F_WRITE_ZEROES)) {
        info.max_write_zeroes = config(driver, CONFIG(max_write_zeroes_sectors));
        info.flags |= info.max_write_zeroes != 0 ? BLK_INFO_WRITE_ZEROES : 0u;
        info.flags |= (config(driver, CONFIG(write_zeroes_may_unmap)) & 0xff) != 0 ? BLK_INFO_MAY_UNMAP : 0u;
    }
    return info;
}

/* Section 2.5.1: again, if it changed while it was read. */
static void read_info(struct blk_driver *driver)
{
    uint32_t generation = read(driver, MMIO_TRANSPORT_CONFIG_GENERATION);

    for (unsigned int i = 0; i < MAX_READS; i++) {
        const uint32_t before = generation;

        driver->info = read_info_once(driver);
        generation = read(driver, MMIO_TRANSPORT_CONFIG_GENERATION);
        if (generation == before) {
            break;
        }
    }
}

enum err blk_device_start(struct blk_driver *driver, void *memory, uint64_t paddr)
{
    enum err err = mmio_transport_reset(&driver->registers, VIRTIO_ID_BLOCK);

    if (err == ERR_UNSUPPORTED) {
        return err;
    }
    if (err == ERR_OK) {
        err = mmio_transport_negotiate(&driver->registers, WANTED_FEATURES, &driver->features);
    }
    if (err == ERR_OK) {
        driver->indirect = has(driver, VIRTIO_F_INDIRECT_DESC);
        err = mmio_transport_add_queue(&driver->registers, 0, memory, paddr, has(driver, VIRTIO_F_EVENT_IDX),
                                       &driver->queue);
    }
    if (err != ERR_OK) {
        mmio_transport_give_up(&driver->registers);
        return err;
    }
    read_info(driver);
    mmio_transport_go(&driver->registers);
    return ERR_OK;
}

void blk_device_stop(struct blk_driver *driver)
{
    mmio_transport_stop(&driver->registers);
}

enum err blk_device_interrupts(struct blk_driver *driver, bool *changed)
{
    *changed = (mmio_transport_interrupts(&driver->registers) & MMIO_TRANSPORT_INTERRUPT_CONFIG) != 0;
    if (*changed) {
        if (mmio_transport_needs_reset(&driver->registers)) {
            return ERR_IO;
        }
        read_info(driver);
    }
    return ERR_OK;
}

void blk_device_kick(const struct blk_driver *driver)
{
    mmio_transport_kick(&driver->registers, 0);
}
