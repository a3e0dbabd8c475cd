/* SPDX-License-Identifier: BSD-2-Clause */
/** A virtio block device (virtio 1.2, section 5.2) behind virtio-mmio registers (4.2.2, the modern interface). */
#pragma once

#include "lib/virtio/spec_blk.h"
#include "lib/virtq_driver/virtq_driver.h"
#include "pd/blk_driver/blk_device.h"

/** What the device reads and writes beside the data of one request. */
struct blk_virtio_dma {
    uint32_t type; /**< struct virtio_blk_req, section 5.2.6 */
    uint32_t reserved;
    uint64_t sector;
    uint64_t range_sector; /**< struct virtio_blk_discard_write_zeroes */
    uint32_t range_sectors;
    uint32_t range_flags;
    uint8_t status;
    uint8_t padding[15];
    struct virtq_desc table[BLK_MAX_SEGMENTS + 2];
};

/** The device. Private to blk_virtio.c except for its size. */
struct blk_virtio {
    struct mmio_transport registers;
    struct virtq_driver queue;
    struct blk_virtio_dma *dma; /**< by slot, behind the queue */
    uint64_t dma_paddr;
    uint64_t features;
    bool indirect;
    uint16_t slot_of[VIRTQ_DRIVER_MAX_SIZE]; /**< by head of chain */
};

/** What such a device can do; the context is a struct blk_virtio. */
extern const struct blk_device_ops blk_virtio_ops;
