/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Reading partition tables: GPT (UEFI 2.10, chapter 5.3) and MBR (5.2), with logical partitions. What is on a
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

/** The chain of tables in an MBR's extended partition, each of which has one logical partition. */
struct blk_chain {
    uint64_t first_lba, end_lba; /**< of the extended partition */
    uint64_t next_lba;           /**< of the table to be read next; 0: none */
    uint32_t number;             /**< of the next logical partition */
    uint32_t read_count;         /**< tables read, which bounds a chain that bites its tail */
};

/**
 * Read the primary partitions of an MBR, and begin with the logical ones: while chain->next_lba is not 0,
 * the caller must read that block and give it to blk_table_read_link(). An extended partition itself is none to be
 * served. Errors: ERR_FORMAT (no signature); *table is then empty.
 */
ERR_CHECKED enum err blk_table_read_mbr(struct blk_table *table, struct blk_chain *chain, const uint8_t *lba0,
                                        const struct blk_geometry *disk);

/**
 * The block at chain->next_lba: add its logical partition, from number 5 on, and go on to the next. What lies
 * outside the extended partition, or overlaps one before, is left out. ERR_FORMAT: no table; the chain ends.
 */
ERR_CHECKED enum err blk_table_read_link(struct blk_table *table, struct blk_chain *chain,
                                         const uint8_t *block, const struct blk_geometry *disk);

/** The partition of that number (from 1), or NULL. */
const struct blk_partition *blk_table_by_number(const struct blk_table *table, uint32_t number);

/** The first partition of that name, or NULL. */
const struct blk_partition *blk_table_by_name(const struct blk_table *table, const char *name);
