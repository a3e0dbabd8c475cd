/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/blk/blk_table.h"

#include <stddef.h>

#include "lib/base/mem.h"
#include "lib/blk/blk_protocol.h"
#include "lib/blk/crc32.h"

static uint64_t sectors_per_block(const struct blk_geometry *disk)
{
    return disk->block_bytes / BLK_SECTOR_BYTES;
}

static struct mbr_entry mbr_entry_at(const uint8_t *lba0, uint32_t index)
{
    struct mbr_entry entry;

    memcpy(&entry, lba0 + MBR_ENTRIES_OFFSET + index * sizeof entry, sizeof entry);
    return entry;
}

static bool has_mbr(const uint8_t *lba0)
{
    return (lba0[MBR_SIGNATURE_OFFSET] | lba0[MBR_SIGNATURE_OFFSET + 1] << 8) == MBR_SIGNATURE;
}

bool blk_table_is_gpt(const uint8_t *lba0)
{
    bool found = false;

    for (uint32_t i = 0; i < MBR_ENTRY_COUNT && has_mbr(lba0); i++) {
        found = found || mbr_entry_at(lba0, i).type == MBR_TYPE_GPT;
    }
    return found;
}

enum err blk_table_read_header(struct blk_gpt *gpt, const uint8_t *block, uint64_t lba,
                               const struct blk_geometry *disk)
{
    struct gpt_header header;

    memcpy(&header, block, sizeof header);
    if (header.signature != GPT_SIGNATURE || header.header_bytes != GPT_HEADER_BYTES ||
        header.my_lba != lba) {
        return ERR_FORMAT;
    }
    const uint32_t crc = header.header_crc;
    header.header_crc = 0;
    if (crc32_of(&header, GPT_HEADER_BYTES) != crc) {
        return ERR_FORMAT;
    }
    if (header.entry_count == 0 || header.entry_count > GPT_ENTRY_COUNT ||
        header.entry_bytes < sizeof(struct gpt_entry) || header.entry_bytes % sizeof(struct gpt_entry) != 0 ||
        header.entry_bytes > BLK_SERVER_SCRATCH_BYTES / header.entry_count) {
        return ERR_UNSUPPORTED;
    }
    const uint64_t entries_bytes = (uint64_t)header.entry_count * header.entry_bytes;
    const uint64_t blocks = (entries_bytes + disk->block_bytes - 1) / disk->block_bytes;
    if (header.entries_lba >= disk->block_count || blocks > disk->block_count - header.entries_lba ||
        header.first_usable_lba > header.last_usable_lba || header.last_usable_lba >= disk->block_count) {
        return ERR_RANGE;
    }
    *gpt = (struct blk_gpt){
        .entries_lba = header.entries_lba,
        .entry_count = header.entry_count,
        .entry_bytes = header.entry_bytes,
        .entries_crc = header.entries_crc,
        .first_usable_lba = header.first_usable_lba,
        .last_usable_lba = header.last_usable_lba,
    };
    return ERR_OK;
}

uint32_t blk_table_entries_bytes(const struct blk_gpt *gpt)
{
    return gpt->entry_count * gpt->entry_bytes;
}

static bool is_unused(const struct gpt_entry *entry)
{
    uint8_t bits = 0;

    for (size_t i = 0; i < sizeof entry->type_guid; i++) {
        bits |= entry->type_guid[i];
    }
    return bits == 0;
}

static void copy_name(char *name, const uint16_t *units)
{
    for (uint32_t i = 0; i < GPT_NAME_UNITS && units[i] != 0; i++) {
        name[i] = units[i] >= ' ' && units[i] < 0x7f ? (char)units[i] : '?';
    }
}

static bool overlaps_earlier(const struct blk_table *table, uint32_t index, const struct blk_partition *added)
{
    bool found = false;

    for (uint32_t i = 0; i < index && !found; i++) {
        const struct blk_partition *other = &table->partitions[i];

        found = added->first_sector < other->first_sector + other->sector_count &&
                other->first_sector < added->first_sector + added->sector_count;
    }
    return found;
}

static void add(struct blk_table *table, uint32_t index, const struct blk_partition *partition)
{
    if (!overlaps_earlier(table, index, partition)) {
        table->partitions[index] = *partition;
    }
}

enum err blk_table_read_entries(struct blk_table *table, const struct blk_gpt *gpt, const uint8_t *entries,
                                const struct blk_geometry *disk)
{
    memset(table, 0, sizeof *table);
    if (crc32_of(entries, blk_table_entries_bytes(gpt)) != gpt->entries_crc) {
        return ERR_FORMAT;
    }
    for (uint32_t i = 0; i < gpt->entry_count; i++) {
        struct blk_partition partition = {0};
        struct gpt_entry entry;

        memcpy(&entry, entries + (size_t)i * gpt->entry_bytes, sizeof entry);
        if (is_unused(&entry) || entry.first_lba < gpt->first_usable_lba ||
            entry.last_lba > gpt->last_usable_lba || entry.first_lba > entry.last_lba) {
            continue;
        }
        partition.first_sector = entry.first_lba * sectors_per_block(disk);
        partition.sector_count = (entry.last_lba - entry.first_lba + 1) * sectors_per_block(disk);
        copy_name(partition.name, entry.name);
        add(table, i, &partition);
    }
    return ERR_OK;
}

static bool is_extended(const struct mbr_entry *entry)
{
    return entry->type == MBR_TYPE_EXTENDED || entry->type == MBR_TYPE_EXTENDED_LBA ||
           entry->type == MBR_TYPE_EXTENDED_LINUX;
}

static uint64_t first_of(const struct mbr_entry *entry)
{
    return entry->first_lba[0] | (uint32_t)entry->first_lba[1] << 16;
}

static uint64_t count_of(const struct mbr_entry *entry)
{
    return entry->lba_count[0] | (uint32_t)entry->lba_count[1] << 16;
}

/* Blocks [first, first + count), which must not be empty, as partition `number`. */
static void add_blocks(struct blk_table *table, uint32_t number, uint64_t first, uint64_t count,
                       const struct blk_geometry *disk)
{
    const struct blk_partition partition = {.first_sector = first * sectors_per_block(disk),
                                            .sector_count = count * sectors_per_block(disk)};

    add(table, number - 1, &partition);
}

enum err blk_table_read_mbr(struct blk_table *table, struct blk_chain *chain, const uint8_t *lba0,
                            const struct blk_geometry *disk)
{
    memset(table, 0, sizeof *table);
    *chain = (struct blk_chain){.number = MBR_FIRST_LOGICAL};
    if (!has_mbr(lba0)) {
        return ERR_FORMAT;
    }
    for (uint32_t i = 0; i < MBR_ENTRY_COUNT; i++) {
        const struct mbr_entry entry = mbr_entry_at(lba0, i);
        const uint64_t first = first_of(&entry);
        const uint64_t count = count_of(&entry);

        /* LBA 0 is the table's own place. */
        if (entry.type == 0 || first == 0 || count == 0 || first >= disk->block_count ||
            count > disk->block_count - first) {
            continue;
        }
        if (!is_extended(&entry)) {
            add_blocks(table, i + 1, first, count, disk);
        } else if (chain->next_lba == 0) {
            chain->first_lba = first;
            chain->end_lba = first + count;
            chain->next_lba = first;
        }
    }
    return ERR_OK;
}

enum err blk_table_read_link(struct blk_table *table, struct blk_chain *chain, const uint8_t *block,
                             const struct blk_geometry *disk)
{
    const uint64_t here = chain->next_lba;
    bool has_partition = false;

    chain->next_lba = 0;
    if (!has_mbr(block)) {
        return ERR_FORMAT;
    }
    chain->read_count++;
    for (uint32_t i = 0; i < MBR_ENTRY_COUNT; i++) {
        const struct mbr_entry entry = mbr_entry_at(block, i);
        const uint64_t count = count_of(&entry);
        /* A partition counts from its own table on, the next table from the first. */
        const uint64_t first = first_of(&entry) + (is_extended(&entry) ? chain->first_lba : here);

        if (entry.type == 0 || count == 0) {
            continue;
        }
        if (is_extended(&entry)) {
            const bool goes_on = chain->next_lba == 0 && first > chain->first_lba && first < chain->end_lba &&
                                 chain->read_count < GPT_ENTRY_COUNT && chain->number <= GPT_ENTRY_COUNT;

            chain->next_lba = goes_on ? first : chain->next_lba;
        } else if (!has_partition && chain->number <= GPT_ENTRY_COUNT) {
            has_partition = true;
            if (first > here && first < chain->end_lba && count <= chain->end_lba - first) {
                add_blocks(table, chain->number, first, count, disk);
            }
            chain->number++;
        }
    }
    return ERR_OK;
}

const struct blk_partition *blk_table_by_number(const struct blk_table *table, uint32_t number)
{
    if (number == 0 || number > GPT_ENTRY_COUNT || table->partitions[number - 1].sector_count == 0) {
        return NULL;
    }
    return &table->partitions[number - 1];
}

const struct blk_partition *blk_table_by_name(const struct blk_table *table, const char *name)
{
    for (uint32_t i = 0; i < GPT_ENTRY_COUNT; i++) {
        const struct blk_partition *partition = &table->partitions[i];

        if (partition->sector_count != 0 && strncmp(partition->name, name, sizeof partition->name) == 0) {
            return partition;
        }
    }
    return NULL;
}
