/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Reading partition tables: GPT (UEFI 2.10, chapter 5.3) and MBR with primary partitions (5.2). What is on a
 * disk is untrusted: a guest may have written it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/blk/gpt.h"
#include "lib/config/blk_config.h"

/** A partition, in sectors of 512 bytes; sector_count 0: there is none of this number. */
struct blk_partition {
    uint64_t first_sector;
    uint64_t sector_count;
    char name[BLK_PARTITION_NAME_BYTES]; /**< GPT: characters other than ASCII become '?' */
};

/** The partitions of a disk: number N is partitions[N - 1]. */
struct blk_table {
    struct blk_partition partitions[GPT_ENTRY_COUNT];
};

/** The disk that a table is on. */
struct blk_geometry {
    uint64_t block_count;
    uint32_t block_bytes;
};

/** Where a GPT's entries are, taken from a checked header. */
struct blk_gpt {
    uint64_t entries_lba;
    uint32_t entry_count; /**< GPT_ENTRY_COUNT at most */
    uint32_t entry_bytes;
    uint32_t entries_crc;
    uint64_t first_usable_lba, last_usable_lba;
};

/** Whether LBA 0 says that the disk has a GPT. */
bool blk_table_is_gpt(const uint8_t *lba0);

/**
 * Check the GPT header that was read from `lba`. Errors: ERR_FORMAT (none, or damaged), ERR_RANGE (names
 * blocks that the disk doesn't have), ERR_UNSUPPORTED (more or larger entries than we read).
 */
ERR_CHECKED enum err blk_table_read_header(struct blk_gpt *gpt, const uint8_t *block, uint64_t lba,
                                           const struct blk_geometry *disk);

/** Bytes of the entries, BLK_SERVER_SCRATCH_BYTES at most. */
uint32_t blk_table_entries_bytes(const struct blk_gpt *gpt);

/**
 * Read the entries into *table. Entries that don't lie in the usable area or overlap one before are left out.
 * Errors: ERR_FORMAT (checksum); *table is then empty.
 */
ERR_CHECKED enum err blk_table_read_entries(struct blk_table *table, const struct blk_gpt *gpt,
                                            const uint8_t *entries, const struct blk_geometry *disk);

/** Read the primary partitions of an MBR. Errors: ERR_FORMAT (no signature); *table is then empty. */
ERR_CHECKED enum err blk_table_read_mbr(struct blk_table *table, const uint8_t *lba0,
                                        const struct blk_geometry *disk);

/** The partition of that number (from 1), or NULL. */
const struct blk_partition *blk_table_by_number(const struct blk_table *table, uint32_t number);

/** The first partition of that name, or NULL. */
const struct blk_partition *blk_table_by_name(const struct blk_table *table, const char *name);
