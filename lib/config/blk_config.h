/* SPDX-License-Identifier: BSD-2-Clause */
/** Configuration of the block server and of the disk driver PD. See config.h for the rules. */
#pragma once

#include "lib/config/config.h"

#define BLK_DRIVER_CONFIG_MAGIC 0x56444243u /* "CBDV" */
#define BLK_DRIVER_CONFIG_VERSION 2u
#define BLK_DRIVER_CONFIG_SECTION ".blk_driver_config"
/** DMA regions of one disk: the server's, and one for each client. */
#define BLK_DRIVER_MAX_REGIONS 17u
/**
 * Symbols of the driver that get physical addresses (Microkit's region_paddr), since a configuration cannot:
 * that of its own memory, and this with the number of each DMA region behind it.
 */
#define BLK_DRIVER_OWN_PADDR_SYMBOL "blk_own_paddr"
#define BLK_DRIVER_REGION_PADDR_SYMBOL "blk_region_paddr_"

#define BLK_SERVER_CONFIG_MAGIC 0x56534243u /* "CBSV" */
#define BLK_SERVER_CONFIG_VERSION 2u
#define BLK_SERVER_CONFIG_SECTION ".blk_server_config"
#define BLK_SERVER_MAX_DISKS 4u
#define BLK_SERVER_MAX_CLIENTS 16u
/** Longest name of a GPT partition in UTF-8: 36 UTF-16 units, cut off to fit. */
#define BLK_PARTITION_NAME_BYTES 40u
/** Memory that a driver shares with its device, for queue and requests. */
#define BLK_DRIVER_OWN_BYTES 0x24000u
/** Size of the region that the server reads partition tables into. */
#define BLK_SERVER_SCRATCH_BYTES 0x10000u

/** Configuration of a disk driver. */
struct blk_driver_config {
    struct config_header header;
    uint64_t registers; /**< vaddr of the virtio-mmio window */
    uint64_t own;       /**< vaddr of memory shared with the device: queue and request headers */
    uint32_t own_bytes;
    uint32_t irq_channel;
    struct config_link link; /**< to the server */
    uint32_t timeout_ms;     /**< for a request, after which the device is reset; 0: never */
    uint32_t timer_channel;  /**< to the timer PD, with timeout_ms */
    uint32_t reserved;
    uint32_t region_count;
    uint64_t region_bytes[BLK_DRIVER_MAX_REGIONS]; /**< region 0 is the server's scratch */
};

/** One disk, behind its driver. */
struct blk_disk_config {
    char name[CONFIG_NAME_BYTES];
    struct config_link link; /**< to the driver */
    uint64_t scratch;        /**< vaddr; BLK_SERVER_SCRATCH_BYTES long, region 0 at the driver */
};

/** What of a disk a client gets. */
enum blk_extent {
    BLK_EXTENT_DISK = 0,
    BLK_EXTENT_NUMBER = 1, /**< partition by number, from 1 */
    BLK_EXTENT_NAME = 2,   /**< GPT partition by name */
    BLK_EXTENT_RANGE = 3   /**< sectors */
};

/** One client. */
struct blk_client_config {
    char name[CONFIG_NAME_BYTES];
    struct config_link link; /**< to the VMM */
    uint32_t disk;
    uint32_t region;       /**< number at the disk's driver */
    uint64_t region_bytes; /**< size of the memory the client may name in requests */
    uint32_t extent;       /**< enum blk_extent */
    uint32_t read_only;
    uint32_t partition_number;
    uint32_t reserved;
    char partition_name[BLK_PARTITION_NAME_BYTES];
    uint64_t first_sector; /**< RANGE */
    uint64_t sector_count; /**< RANGE; 0: up to the disk's end */
    uint32_t iops;         /**< requests a second at most; 0: no limit */
    uint32_t reserved2;
    uint64_t bandwidth; /**< bytes a second at most; 0: no limit */
};

/** Configuration of the block server. */
struct blk_server_config {
    struct config_header header;
    uint32_t disk_count;
    uint32_t client_count;
    uint32_t has_limits;    /**< of a client at least */
    uint32_t timer_channel; /**< to the timer PD, with has_limits */
    struct blk_disk_config disks[BLK_SERVER_MAX_DISKS];
    struct blk_client_config clients[BLK_SERVER_MAX_CLIENTS];
};
