/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The whole way of a block request on the host: a guest's mock driver, virtio-blk, the block server, the disk
 * driver, and a mock virtio block device with its contents in memory. For unit tests and fuzzers.
 *
 * The disk has a GPT with the partitions "one", "two" and "shared". Client 0 is a virtio-blk device on "one";
 * client 1 is a bare link on "two", for requests that no VMM would send. Beyond their partitions every
 * byte of the disk is DISK_MACHINE_FILL.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "pd/blk_driver/blk_driver.h"
#include "pd/blk_driver/blk_virtio.h"
#include "pd/blk_server/blk_server.h"
#include "tests/mock/driver.h"
#include "tests/mock/virtio_driver.h"
#include "vmm/virtio/virtio_blk.h"

#define DISK_MACHINE_BASE 0x40000000ull
#define DISK_MACHINE_SECTORS 9216u
#define DISK_MACHINE_PART_SECTORS 4096u
#define DISK_MACHINE_ONE 64u /**< first sectors of the partitions */
#define DISK_MACHINE_TWO (DISK_MACHINE_ONE + DISK_MACHINE_PART_SECTORS)
#define DISK_MACHINE_SHARED (DISK_MACHINE_TWO + DISK_MACHINE_PART_SECTORS)
#define DISK_MACHINE_SHARED_SECTORS 512u
#define DISK_MACHINE_FILL 0xa5
#define DISK_MACHINE_QUEUE 64u
#define DISK_MACHINE_BUFFER 0x80000u
#define DISK_MACHINE_CLIENTS 3u
#define DISK_MACHINE_HZ 1000u

/** The device: registers, queue, contents. */
struct disk_device {
    struct guestmem mem; /**< what it may access, at its physical addresses */
    struct virtq queue;
    struct virtq_layout layout;
    struct virtq_chain chain;
    uint32_t features_sel, status, interrupts;
    uint64_t offered, accepted;
    uint8_t *contents;  /**< kept from one machine to the next, since most of it stays as it is */
    bool fails;         /**< requests end with an I/O error */
    bool holds;         /**< requests stay in the queue */
    bool kicked;        /**< there is work */
    uint32_t seg_max;   /**< what it says */
    uint32_t max_seen;  /**< largest count of segments in a request */
    uint32_t log_count; /**< requests done, in order: type and sector */
    struct {
        uint32_t type;
        uint64_t sector;
        uint64_t bytes;
    } log[256];
};

/** The whole. */
struct disk_machine {
    uint64_t now;           /**< in ticks of 1 / DISK_MACHINE_HZ */
    struct driver_ram phys; /**< physical memory, for what the device accesses */
    struct driver_ram ram;  /**< the guest's */
    struct disk_device disk;
    struct blk_driver driver;
    struct blk_virtio virtio;
    struct blk_driver_config driver_config;
    struct blk_server server;
    struct blk_server_config config;
    struct virtio_blk blk;
    struct virtio_blk_pool pool;
    struct vmm_device_config device_config;
    struct virtio_mmio mmio;
    struct vgic vgic;
    struct irq_line line;
    struct virtq_chain scratch;
    struct driver_queue queue;
    struct ring client;     /**< client 1's side */
    uint64_t client_memory; /**< client 1's region, physical */
    void *regions[16];
    uint32_t region_count;
};

/** What to build; zero is a good choice. */
struct disk_machine_options {
    bool shared;           /**< data path of client 0 */
    bool read_only;        /**< client 0 */
    uint32_t seg_max;      /**< of the device; 0: 126 */
    uint64_t features_off; /**< of the device */
    bool no_device;
    bool damaged;       /**< the first GPT header */
    uint64_t timeout;   /**< of the driver, in ticks */
    uint32_t iops;      /**< of client 1 */
    uint64_t bandwidth; /**< likewise */
};

/** A machine whose parts have found each other. There is one at a time. */
struct disk_machine *disk_machine_new(const struct disk_machine_options *options);
void disk_machine_free(struct disk_machine *machine);

/** Run all parts until none has anything to do. */
void disk_machine_run(struct disk_machine *machine);

/** Start the guest's driver. */
bool disk_machine_start(struct disk_machine *machine, uint64_t features);

/**
 * A guest's request with `bytes` bytes of data at `data` (guest-physical), to completion. Returns the status
 * byte, 0xff if the device did not answer.
 */
uint8_t disk_machine_request(struct disk_machine *machine, uint32_t type, uint64_t sector, uint64_t data,
                             uint32_t bytes);

/** Client 1 sends a request as it stands. False if its link is full. */
bool disk_machine_send(struct disk_machine *machine, const struct blk_request *request, uint64_t tag);

/** Client 1's next reply; skips information. False if there is none. */
bool disk_machine_take(struct disk_machine *machine, uint64_t *tag, uint32_t *status);

/** Whether `count` sectors from `first` on are as they were in the beginning. */
bool disk_machine_is_untouched(const struct disk_machine *machine, uint64_t first, uint64_t count);
