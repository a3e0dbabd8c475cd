/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * virtio-blk (virtio 1.2, section 5.2) over a record link to the block server (lib/blk/blk_protocol.h).
 *
 * Two data paths. COPY: data goes through a region of the VMM's that the disk may access, in pages that a
 * request holds while it is in flight; the guest's RAM is never seen by a device. SHARED: the region is the
 * guest's RAM itself, and the disk's device reads and writes the guest's buffers; nothing is copied.
 *
 * What the disk is like comes from the server; until then the machine is not started. Requests that the
 * server has outlive a reset of the device: their replies are swallowed. With SHARED they also keep the
 * machine from being started again, since the disk may still write to its RAM.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/blk/blk_protocol.h"
#include "lib/config/vmm_config.h"
#include "lib/ring/ring.h"
#include "lib/virtio/spec_blk.h"
#include "vmm/virtio/virtio_device.h"

/** Requests in flight of all of a machine's disks together: the driver's, and those to the server. */
#define VIRTIO_BLK_REQUESTS 64u
/** Pages of a disk's region with COPY, at most. */
#define VIRTIO_BLK_MAX_PAGES 4096u
#define VIRTIO_BLK_PAGE_BYTES 4096u

struct virtio_blk;

/** A request of the driver's: one chain, which is one request to the server or, if it is large, several. */
struct virtio_blk_job {
    struct virtio_blk *owner; /**< NULL: free */
    bool orphan;              /**< the device has been reset since */
    bool all_sent;            /**< nothing more goes to the server */
    uint16_t head;
    uint32_t op;             /**< enum blk_op */
    uint32_t result;         /**< enum blk_status: BLK_DONE until a part fails */
    uint32_t parts;          /**< that the server has */
    uint8_t *status;         /**< the guest's byte */
    uint64_t writable_bytes; /**< of the chain, that byte included */
    uint64_t sector;
    uint64_t bytes; /**< READ and WRITE: of data, and how many of them have been sent */
    uint64_t sent_bytes;
};

/** A request that the server has: a job, or part of one. */
struct virtio_blk_request {
    struct virtio_blk_job *job; /**< NULL: free */
    uint32_t op;                /**< enum blk_op */
    uint32_t segment_count;     /**< of the region, as sent to the server */
    struct blk_segment segments[BLK_MAX_SEGMENTS];
    uint32_t buffer_count; /**< COPY and READ: the guest's buffers */
    struct virtq_segment buffers[BLK_MAX_SEGMENTS];
};

/** Shared by the disks of a machine. Its size is why it is not part of each. */
struct virtio_blk_pool {
    struct virtio_blk *disks[VMM_CONFIG_MAX_DEVICES];
    uint32_t disk_count;
    struct virtio_blk_job jobs[VIRTIO_BLK_REQUESTS];
    struct virtio_blk_request requests[VIRTIO_BLK_REQUESTS];
    struct blk_request message; /**< the one being built */
};

/** What a device has done, for reports and tests. */
struct virtio_blk_counters {
    uint64_t requests;
    uint64_t errors;
    uint64_t copied_bytes;
};

/** One device. */
struct virtio_blk {
    struct virtio_device device;
    struct virtio_blk_config config;
    struct ring link;
    microkit_channel channel;
    bool has_info; /**< the server has said what the disk is like */
    bool shared;   /**< data path SHARED */
    bool posts;    /**< the platform swallows acknowledgements: see struct virtio_device's `posted` */
    bool stalled;  /**< a request waits for room: in the pool, the region or the link */
    bool kicked;   /**< the driver has notified us since the last look at its index */
    uint64_t ram_bytes;
    uint8_t *region; /**< COPY */
    uint32_t page_count;
    uint32_t free_pages;
    uint64_t taken[VIRTIO_BLK_MAX_PAGES / 64]; /**< a bit for each page */
    uint32_t in_flight;                        /**< requests that the server has, orphans included */
    struct virtio_blk_job *half_sent;          /**< its chain is at the head of the queue; or NULL */
    char id[VIRTIO_BLK_ID_BYTES];
    struct virtq_chain *scratch;  /**< for the chain in hand; shared by all devices, not owned */
    struct virtio_blk_pool *pool; /**< likewise */
    struct virtio_blk_counters counters;
    struct log_limit complaints;
};

/**
 * Set up a device from its row in the configuration (kind BLOCK). `mem`, `scratch` and `pool` must outlive
 * it. Errors: ERR_RANGE (no link, or a region of no use), those of virtio_device_init() and ring_init().
 */
ERR_CHECKED enum err virtio_blk_init(struct virtio_blk *blk, const struct vmm_device_config *config,
                                     const struct guestmem *mem, struct virtq_chain *scratch,
                                     struct virtio_blk_pool *pool);

/** A doorbell of the guest's rang, and may have been this disk's (kicks that are exits come by the
 * transport). */
void virtio_blk_kicked(struct virtio_blk *blk);

/** The link's channel was notified: replies, or space for requests. */
void virtio_blk_notified(struct virtio_blk *blk);

/** Whether nothing of this disk is on its way to the guest's RAM, nor will be before the guest asks for more.
 */
bool virtio_blk_is_idle(const struct virtio_blk *blk);

/** Whether the machine may be started as far as this disk is concerned. */
bool virtio_blk_is_ready(const struct virtio_blk *blk);
