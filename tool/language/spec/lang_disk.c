/* SPDX-License-Identifier: BSD-2-Clause */
/* The elements for storage: <disk>, <partition>, <block_server>, and <block> in a guest. */
#include "lib/config/blk_config.h"
#include "lib/config/vmm_config.h"
#include "tool/language/spec/lang_common.h"

#define MAX_DISK_BYTES 0x10000000000ull

static const struct attr_spec partition_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_partition, name),
     .max = 36,
     .doc = "name in the partition table"},
    {.name = "size",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_partition, size),
     .min = SPEC_PARTITION_ALIGN,
     .max = MAX_DISK_BYTES,
     .multiple = SPEC_PARTITION_ALIGN,
     .doc = "bytes, a multiple of 1M; default, for the last one only: what is left"},
    {.name = "contents",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_partition, contents),
     .doc = "what it starts with when the image is created: a path to a file, such as a file system, or the "
            "name of one that guest/module.mk builds. Default: zeroes"},
};

const struct element_spec lang_partition = {
    .name = "partition",
    .doc = "A partition of the disk; the first one has number 1.",
    .attrs = partition_attrs,
    .attr_count = SPEC_COUNT(partition_attrs),
    .fields_bytes = sizeof(struct desc_partition),
};

static const struct attr_spec disk_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_disk, name),
     .max = SPEC_MAX_NAME,
     .doc = "unique name; NAME_driver is its driver's protection domain"},
    {.name = "image",
     .type = ATTR_TEXT,
     .offset = offsetof(struct desc_disk, image),
     .doc = "file with the disk's contents, for QEMU; a relative path starts in the folder of the system's "
            "image. If there is none, `causeway build` creates it. Default: SYSTEM-NAME.img"},
    {.name = "size",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_disk, size),
     .min = 4 * SPEC_PARTITION_ALIGN,
     .max = MAX_DISK_BYTES,
     .multiple = SPEC_PARTITION_ALIGN,
     .doc = "bytes of an image that is created, a multiple of 1M; default: the image has to exist"},
    {.name = "readonly",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_disk, readonly),
     .fallback = "false",
     .doc = "whether nobody may write to it"},
    {.name = "slot",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_disk, slot),
     .max = 255,
     .doc =
         "virtio-mmio transport of the board that it is behind, alone in its page; default: the first free "
         "one"},
    {.name = "device",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_disk, device),
     .doc = "device of the board that it is behind, such as sdhci1: `make boards` lists them. Default: a "
            "virtio device or, on a board that has none, the first free one"},
    {.name = "timeout_ms",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_disk, timeout_ms),
     .fallback = "30000",
     .max = 3600000,
     .doc = "how long the device may take for a request; then it is reset, and all requests that it has "
            "fail. 0: any time"},
    SPEC_DRIVER_OPTIONS(struct desc_disk, driver, "driver_", "225",
                        "blk_driver.elf (virtio), blk_sdhci.elf or blk_usdhc.elf (SD cards)"),
};

static const struct element_child disk_children[] = {
    {&lang_partition, 0, 0},
};

const struct element_spec lang_disk = {
    .name = "disk",
    .doc = "A disk of the board: a virtio block device or an SD card, and its driver. Each <block> that "
           "names it "
           "gets a part.",
    .attrs = disk_attrs,
    .attr_count = SPEC_COUNT(disk_attrs),
    .fields_bytes = sizeof(struct desc_disk),
    .children = disk_children,
    .child_count = SPEC_COUNT(disk_children),
};

static const struct attr_spec block_server_attrs[] = {
    {.name = "name",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_block_server, name),
     .max = SPEC_MAX_NAME,
     .fallback = "blk_server",
     .doc = "name of the protection domain"},
    SPEC_PD_OPTIONS(struct desc_block_server, options, "", "215", "blk_server.elf"),
};

const struct element_spec lang_block_server = {
    .name = "block_server",
    .doc = "What shares the disks out among the guests. It is there by default wherever there is a <disk>.",
    .attrs = block_server_attrs,
    .attr_count = SPEC_COUNT(block_server_attrs),
    .fields_bytes = sizeof(struct desc_block_server),
};

/* In the order of enum vmm_block_datapath. */
static const char *const datapaths[] = {"copy", "shared", NULL};

static const struct attr_spec block_attrs[] = {
    {.name = "disk",
     .type = ATTR_NAME,
     .required = true,
     .offset = offsetof(struct desc_block, disk),
     .doc = "disk that it is a part of"},
    {.name = "partition",
     .type = ATTR_NAME,
     .offset = offsetof(struct desc_block, partition),
     .max = 36,
     .doc = "partition by number or, with a GPT, by name; default: the whole disk"},
    {.name = "offset",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_block, offset),
     .max = MAX_DISK_BYTES,
     .multiple = SPEC_SECTOR_BYTES,
     .doc = "first byte of a range instead of a partition, a multiple of 512"},
    {.name = "size",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_block, size),
     .min = SPEC_SECTOR_BYTES,
     .max = MAX_DISK_BYTES,
     .multiple = SPEC_SECTOR_BYTES,
     .doc = "bytes of a range; default: up to the disk's end"},
    {.name = "readonly",
     .type = ATTR_BOOL,
     .offset = offsetof(struct desc_block, readonly),
     .fallback = "false",
     .doc = "whether the guest may only read"},
    {.name = "datapath",
     .type = ATTR_CHOICE,
     .offset = offsetof(struct desc_block, datapath),
     .fallback = "copy",
     .choices = datapaths,
     .doc = "copy: the VMM copies between the guest and a buffer; shared: the disk's device reads and "
            "writes "
            "the guest's RAM"},
    {.name = "queue_size",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_block, queue_size),
     .fallback = "256",
     .min = 2,
     .max = 1024,
     .power_of_two = true,
     .doc = "descriptors of the virtqueue"},
    SPEC_TRANSPORT(struct desc_block, transport),
    {.name = "buffer_bytes",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_block, buffer_bytes),
     .fallback = "1M",
     .min = 0x4000,
     .max = 0x1000000,
     .multiple = MODEL_PAGE_BYTES,
     .doc = "datapath copy: the buffer, for all requests in flight"},
    {.name = "ring_bytes",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_block, ring_bytes),
     .fallback = "64K",
     .min = SPEC_MIN_RING_BYTES * 4,
     .max = SPEC_MAX_RING_BYTES,
     .power_of_two = true,
     .doc = "room for requests in each direction between the guest's VMM and the block server"},
    {.name = "iops",
     .type = ATTR_NUMBER,
     .offset = offsetof(struct desc_block, iops),
     .fallback = "0",
     .max = 10000000,
     .doc = "requests a second at most; 0: no limit"},
    {.name = "bandwidth",
     .type = ATTR_SIZE,
     .offset = offsetof(struct desc_block, bandwidth),
     .fallback = "0",
     .max = MAX_DISK_BYTES,
     .doc = "bytes a second at most that are read and written; 0: no limit"},
};

const struct element_spec lang_block = {
    .name = "block",
    .doc = "A virtio disk of the guest: all or part of a <disk>.",
    .attrs = block_attrs,
    .attr_count = SPEC_COUNT(block_attrs),
    .fields_bytes = sizeof(struct desc_block),
};
