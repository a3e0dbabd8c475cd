/* SPDX-License-Identifier: BSD-2-Clause */
/* A partition table that somebody with the whole disk has written: whatever it says, partitions lie on the
 * disk. */
#include <stdlib.h>
#include <string.h>

#include "lib/blk/blk_protocol.h"
#include "lib/blk/blk_table.h"
#include "lib/blk/crc32.h"
#include "lib/config/blk_config.h"
#include "tests/mock/fuzz_input.h"

#define BLOCKS 100000u

static void check(const struct blk_table *table, const struct blk_geometry *disk)
{
    const uint64_t sectors = disk->block_count * (disk->block_bytes / BLK_SECTOR_BYTES);

    for (uint32_t i = 0; i < GPT_ENTRY_COUNT; i++) {
        const struct blk_partition *one = &table->partitions[i];

        if (one->first_sector > sectors || one->sector_count > sectors - one->first_sector ||
            memchr(one->name, '\0', sizeof one->name) == NULL) {
            abort();
        }
        for (uint32_t j = 0; j < i && one->sector_count != 0; j++) {
            const struct blk_partition *other = &table->partitions[j];

            if (other->sector_count != 0 && one->first_sector < other->first_sector + other->sector_count &&
                other->first_sector < one->first_sector + one->sector_count) {
                abort();
            }
        }
    }
}

/* Checksums are what a fuzzer doesn't guess: the liar gets them right. */
static void read_gpt(uint8_t *block, uint8_t *entries, const struct blk_geometry *disk)
{
    struct blk_table table;
    struct gpt_header header;
    struct blk_gpt gpt;

    memcpy(&header, block, sizeof header);
    header.signature = GPT_SIGNATURE;
    header.header_bytes = GPT_HEADER_BYTES;
    header.my_lba = GPT_HEADER_LBA;
    header.entry_count %= 2 * GPT_ENTRY_COUNT;
    header.entry_bytes = (header.entry_bytes % 5) * sizeof(struct gpt_entry);
    const uint64_t bytes = (uint64_t)header.entry_count * header.entry_bytes;
    header.entries_crc = bytes <= BLK_SERVER_SCRATCH_BYTES ? crc32_of(entries, bytes) : 0;
    header.header_crc = 0;
    header.header_crc = crc32_of(&header, GPT_HEADER_BYTES);
    memcpy(block, &header, GPT_HEADER_BYTES);
    if (blk_table_read_header(&gpt, block, GPT_HEADER_LBA, disk) == ERR_OK) {
        if (blk_table_entries_bytes(&gpt) > BLK_SERVER_SCRATCH_BYTES ||
            blk_table_read_entries(&table, &gpt, entries, disk) != ERR_OK) {
            abort();
        }
        check(&table, disk);
    }
}

/* Each of the input's blocks may be the next table of a chain, which ends all the same. */
static void follow(struct blk_table *table, struct blk_chain *chain, uint8_t *blocks,
                   const struct blk_geometry *disk)
{
    uint32_t count = 0;

    while (chain->next_lba != 0) {
        uint8_t *block = blocks + chain->next_lba * 512 % (BLK_SERVER_SCRATCH_BYTES - 512);

        if (chain->next_lba >= disk->block_count || ++count > GPT_ENTRY_COUNT) {
            abort();
        }
        block[MBR_SIGNATURE_OFFSET] = 0x55;
        block[MBR_SIGNATURE_OFFSET + 1] = 0xaa;
        if (blk_table_read_link(table, chain, block, disk) != ERR_OK) {
            abort();
        }
        check(table, disk);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t entries[BLK_SERVER_SCRATCH_BYTES];
    struct fuzz_input in = {data, size};
    const struct blk_geometry disk = {.block_count = BLOCKS,
                                      .block_bytes = (fuzz_input_u8(&in) & 1) != 0 ? 4096 : 512};
    uint8_t block[512] = {0};
    struct blk_table table;
    struct blk_chain chain;

    memset(entries, 0, sizeof entries);
    memcpy(block, in.at, in.bytes < sizeof block ? in.bytes : sizeof block);
    memcpy(entries, in.at, in.bytes < sizeof entries ? in.bytes : sizeof entries);
    block[MBR_SIGNATURE_OFFSET] = 0x55;
    block[MBR_SIGNATURE_OFFSET + 1] = 0xaa;
    (void)blk_table_is_gpt(block);
    if (blk_table_read_mbr(&table, &chain, block, &disk) != ERR_OK) {
        abort();
    }
    check(&table, &disk);
    follow(&table, &chain, entries, &disk);
    read_gpt(block, entries, &disk);
    return 0;
}
