/* SPDX-License-Identifier: BSD-2-Clause */
/** The partition table of a new disk image: GPT (UEFI 2.10, chapter 5) in blocks of 512 bytes. */
#pragma once

#include "lib/blk/gpt.h"
#include "tool/model/model.h"

#define DISK_GPT_BLOCK_BYTES 512u

/** All its parts as they are on the disk. */
struct disk_gpt {
    uint8_t mbr[DISK_GPT_BLOCK_BYTES];           /**< LBA 0: protective MBR */
    uint8_t header[DISK_GPT_BLOCK_BYTES];        /**< LBA 1 */
    struct gpt_entry entries[GPT_ENTRY_COUNT];   /**< from LBA 2 on, and in front of the backup header */
    uint8_t backup_header[DISK_GPT_BLOCK_BYTES]; /**< last LBA */
};

/**
 * The table of a disk of system `system`. GUIDs are made of the names, so the same description gives the same
 * bytes. The caller frees it with free().
 */
struct disk_gpt *disk_gpt_new(const struct model_disk *disk, const char *system);
