/* SPDX-License-Identifier: BSD-2-Clause */
/* Partition tables as the block server reads them: good ones, damaged ones, and ones that lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/blk/blk_table.h"
#include "lib/blk/crc32.h"
#include "tool/disk/disk_gpt.h"

#define BLOCKS 8192u /* of 512 bytes */

static const struct blk_geometry geometry = {.block_count = BLOCKS, .block_bytes = 512};

/* An MBR with entry `index` of `type`. */
static void put_mbr(uint8_t *lba0, uint32_t index, uint8_t type, uint32_t first, uint32_t count)
{
    const struct mbr_entry entry = {
        .type = type,
        .first_lba = {(uint16_t)first, (uint16_t)(first >> 16)},
        .lba_count = {(uint16_t)count, (uint16_t)(count >> 16)},
    };

    memcpy(lba0 + MBR_ENTRIES_OFFSET + index * sizeof(entry), &entry, sizeof(entry));
    lba0[MBR_SIGNATURE_OFFSET] = 0x55;
    lba0[MBR_SIGNATURE_OFFSET + 1] = 0xaa;
}

static void test_mbr_partitions_have_their_numbers(void **state)
{
    uint8_t lba0[512] = {0};
    struct blk_table table;
    struct blk_chain chain;

    (void)state;
    put_mbr(lba0, 0, 0x83, 64, 100);
    put_mbr(lba0, 2, 0x83, 1000, BLOCKS - 1000);
    assert_false(blk_table_is_gpt(lba0));
    assert_int_equal(blk_table_read_mbr(&table, &chain, lba0, &geometry), ERR_OK);
    assert_int_equal(blk_table_by_number(&table, 1)->first_sector, 64);
    assert_int_equal(blk_table_by_number(&table, 1)->sector_count, 100);
    assert_null(blk_table_by_number(&table, 2));
    assert_int_equal(blk_table_by_number(&table, 3)->sector_count, BLOCKS - 1000);
    assert_null(blk_table_by_number(&table, 0));
    assert_null(blk_table_by_number(&table, GPT_ENTRY_COUNT + 1));
    assert_null(blk_table_by_name(&table, "one"));
}

static void test_mbr_counts_in_the_disks_blocks(void **state)
{
    static const struct blk_geometry large = {.block_count = BLOCKS, .block_bytes = 4096};
    uint8_t lba0[512] = {0};
    struct blk_table table;
    struct blk_chain chain;

    (void)state;
    put_mbr(lba0, 0, 0x83, 64, 100);
    assert_int_equal(blk_table_read_mbr(&table, &chain, lba0, &large), ERR_OK);
    assert_int_equal(blk_table_by_number(&table, 1)->first_sector, 64 * 8);
    assert_int_equal(blk_table_by_number(&table, 1)->sector_count, 100 * 8);
}

static void test_mbr_entries_that_make_no_sense_are_left_out(void **state)
{
    uint8_t lba0[512] = {0};
    struct blk_table table;
    struct blk_chain chain;

    (void)state;
    assert_int_equal(blk_table_read_mbr(&table, &chain, lba0, &geometry), ERR_FORMAT);
    put_mbr(lba0, 0, 0x83, 0, 100);                 /* the table itself */
    put_mbr(lba0, 1, 0x83, BLOCKS - 10, 11);        /* behind the end */
    put_mbr(lba0, 2, 0x83, UINT32_MAX, UINT32_MAX); /* wraps */
    put_mbr(lba0, 3, 0, 10, 10);                    /* unused */
    assert_int_equal(blk_table_read_mbr(&table, &chain, lba0, &geometry), ERR_OK);
    for (uint32_t i = 1; i <= MBR_ENTRY_COUNT; i++) {
        assert_null(blk_table_by_number(&table, i));
    }
    put_mbr(lba0, 0, 0x83, 100, 100);
    put_mbr(lba0, 1, 0x83, 199, 100); /* overlaps the first */
    assert_int_equal(blk_table_read_mbr(&table, &chain, lba0, &geometry), ERR_OK);
    assert_non_null(blk_table_by_number(&table, 1));
    assert_null(blk_table_by_number(&table, 2));
}

/* Tables of logical partitions in an extended one of 3000 blocks from block 1000 on. */
#define EXTENDED 1000u
#define EXTENDED_COUNT 3000u

static uint8_t disk_blocks[EXTENDED + EXTENDED_COUNT][512];

static struct blk_chain read_disk(struct blk_table *table)
{
    struct blk_chain chain;

    assert_int_equal(blk_table_read_mbr(table, &chain, disk_blocks[0], &geometry), ERR_OK);
    while (chain.next_lba != 0) {
        assert_in_range(chain.next_lba, EXTENDED, EXTENDED + EXTENDED_COUNT - 1);
        const uint8_t *block = disk_blocks[chain.next_lba];
        const enum err wanted = block[MBR_SIGNATURE_OFFSET] == 0x55 ? ERR_OK : ERR_FORMAT;

        assert_int_equal(blk_table_read_link(table, &chain, block, &geometry), wanted);
    }
    return chain;
}

static void new_extended(void)
{
    memset(disk_blocks, 0, sizeof disk_blocks);
    put_mbr(disk_blocks[0], 0, 0x83, 64, 100);
    put_mbr(disk_blocks[0], 1, MBR_TYPE_EXTENDED_LBA, EXTENDED, EXTENDED_COUNT);
}

static void test_logical_partitions_begin_at_five(void **state)
{
    struct blk_table table;

    (void)state;
    new_extended();
    put_mbr(disk_blocks[1000], 0, 0x83, 10, 100);
    put_mbr(disk_blocks[1000], 1, MBR_TYPE_EXTENDED, 500, 600); /* counted from block 1000 */
    put_mbr(disk_blocks[1500], 0, 0x83, 20, 200);
    put_mbr(disk_blocks[1500], 1, MBR_TYPE_EXTENDED, 2000, 900); /* likewise */
    put_mbr(disk_blocks[3000], 0, 0x83, 30, 970);
    (void)read_disk(&table);
    assert_int_equal(blk_table_by_number(&table, 1)->first_sector, 64);
    assert_null(blk_table_by_number(&table, 2)); /* the extended one is none to be served */
    assert_int_equal(blk_table_by_number(&table, 5)->first_sector, 1010);
    assert_int_equal(blk_table_by_number(&table, 5)->sector_count, 100);
    assert_int_equal(blk_table_by_number(&table, 6)->first_sector, 1520);
    assert_int_equal(blk_table_by_number(&table, 7)->first_sector, 3030);
    assert_int_equal(blk_table_by_number(&table, 7)->sector_count, 970);
    assert_null(blk_table_by_number(&table, 8));
}

static void test_logical_partitions_that_make_no_sense(void **state)
{
    struct blk_table table;

    (void)state;
    new_extended();
    put_mbr(disk_blocks[1000], 0, 0x83, 10, EXTENDED_COUNT); /* past the extended one's end */
    put_mbr(disk_blocks[1000], 1, MBR_TYPE_EXTENDED, 500, 600);
    put_mbr(disk_blocks[1500], 0, 0x83, 20, 200);
    put_mbr(disk_blocks[1500], 1, MBR_TYPE_EXTENDED, EXTENDED_COUNT, 1); /* nor is that inside */
    (void)read_disk(&table);
    assert_null(blk_table_by_number(&table, 5));
    assert_int_equal(blk_table_by_number(&table, 6)->first_sector, 1520);
    /* No table where one should be. */
    put_mbr(disk_blocks[1500], 1, MBR_TYPE_EXTENDED, 2500, 1);
    (void)read_disk(&table);
    assert_int_equal(blk_table_by_number(&table, 6)->first_sector, 1520);
    assert_null(blk_table_by_number(&table, 7));
}

/* A table that leads back to an earlier one: the chain ends, whatever it says. */
static void test_chain_that_bites_its_tail(void **state)
{
    struct blk_table table;

    (void)state;
    new_extended();
    put_mbr(disk_blocks[1000], 0, 0x83, 10, 1);
    put_mbr(disk_blocks[1000], 1, MBR_TYPE_EXTENDED, 500, 600);
    put_mbr(disk_blocks[1500], 1, MBR_TYPE_EXTENDED, 500, 600);
    const struct blk_chain chain = read_disk(&table);
    assert_in_range(chain.read_count, 3, GPT_ENTRY_COUNT);
    assert_int_equal(blk_table_by_number(&table, 5)->first_sector, 1010);
}

/* The table that the tool makes, with the partitions "one" and "two". */
static struct disk_gpt *new_gpt(void)
{
    struct model_partition partitions[] = {
        {.name = (char[]){"one"}, .first_byte = 2048ull * 512, .bytes = 1000ull * 512},
        {.name = (char[]){"two"}, .first_byte = 4096ull * 512, .bytes = 1000ull * 512},
    };
    const struct model_disk disk = {.name = (char[]){"d0"},
                                    .size_bytes = BLOCKS * 512ull,
                                    .partitions = partitions,
                                    .partition_count = 2};

    return disk_gpt_new(&disk, "test");
}

static enum err read_gpt(struct blk_table *table, const struct disk_gpt *gpt)
{
    struct blk_gpt header;
    const enum err err = blk_table_read_header(&header, gpt->header, GPT_HEADER_LBA, &geometry);

    return err != ERR_OK ? err
                         : blk_table_read_entries(table, &header, (const uint8_t *)gpt->entries, &geometry);
}

static void test_gpt_partitions_have_names_and_numbers(void **state)
{
    struct disk_gpt *gpt = new_gpt();
    struct blk_table table;
    struct blk_gpt backup;

    (void)state;
    assert_true(blk_table_is_gpt(gpt->mbr));
    assert_int_equal(read_gpt(&table, gpt), ERR_OK);
    assert_int_equal(blk_table_by_name(&table, "two")->first_sector, 4096);
    assert_ptr_equal(blk_table_by_name(&table, "two"), blk_table_by_number(&table, 2));
    assert_null(blk_table_by_name(&table, "three"));
    assert_int_equal(blk_table_read_header(&backup, gpt->backup_header, BLOCKS - 1, &geometry), ERR_OK);
    assert_int_equal(blk_table_read_header(&backup, gpt->backup_header, GPT_HEADER_LBA, &geometry),
                     ERR_FORMAT);
    free(gpt);
}

/* Change a header field and make the checksum fit again. */
static enum err read_changed(const struct disk_gpt *gpt, size_t offset, const void *value, size_t bytes)
{
    struct gpt_header header;
    struct blk_gpt found;
    uint8_t block[512];

    memcpy(block, gpt->header, sizeof(block));
    memcpy(block + offset, value, bytes);
    memcpy(&header, block, sizeof(header));
    header.header_crc = 0;
    header.header_crc = crc32_of(&header, GPT_HEADER_BYTES);
    memcpy(block, &header, GPT_HEADER_BYTES);
    return blk_table_read_header(&found, block, GPT_HEADER_LBA, &geometry);
}

static void test_gpt_headers_that_lie_are_refused(void **state)
{
    struct disk_gpt *gpt = new_gpt();
    const uint64_t far = BLOCKS, farther = UINT64_MAX - 1;
    const uint32_t none = 0, many = GPT_ENTRY_COUNT + 1, odd = 129, large = 0x80000000u;
    struct blk_table table;

    (void)state;
    assert_int_equal(read_changed(gpt, 0, "EFI PART", 8), ERR_OK);
    assert_int_equal(read_changed(gpt, 0, "EFI PARt", 8), ERR_FORMAT);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, entries_lba), &far, 8), ERR_RANGE);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, entries_lba), &farther, 8), ERR_RANGE);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, last_usable_lba), &far, 8), ERR_RANGE);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, first_usable_lba), &farther, 8),
                     ERR_RANGE);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, entry_count), &none, 4), ERR_UNSUPPORTED);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, entry_count), &many, 4), ERR_UNSUPPORTED);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, entry_bytes), &odd, 4), ERR_UNSUPPORTED);
    assert_int_equal(read_changed(gpt, offsetof(struct gpt_header, entry_bytes), &large, 4), ERR_UNSUPPORTED);
    gpt->header[60] ^= 1; /* without a checksum that fits */
    assert_int_equal(read_gpt(&table, gpt), ERR_FORMAT);
    gpt->header[60] ^= 1;
    gpt->entries[0].first_lba ^= 1;
    assert_int_equal(read_gpt(&table, gpt), ERR_FORMAT);
    assert_null(blk_table_by_number(&table, 1));
    free(gpt);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mbr_partitions_have_their_numbers),
        cmocka_unit_test(test_mbr_counts_in_the_disks_blocks),
        cmocka_unit_test(test_mbr_entries_that_make_no_sense_are_left_out),
        cmocka_unit_test(test_logical_partitions_begin_at_five),
        cmocka_unit_test(test_logical_partitions_that_make_no_sense),
        cmocka_unit_test(test_chain_that_bites_its_tail),
        cmocka_unit_test(test_gpt_partitions_have_names_and_numbers),
        cmocka_unit_test(test_gpt_headers_that_lie_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
