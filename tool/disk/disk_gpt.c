/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/disk/disk_gpt.h"

#include <stdlib.h>
#include <string.h>

#include "lib/blk/crc32.h"
#include "tool/base/mem.h"

#define ENTRIES_BLOCKS (GPT_ENTRY_COUNT * sizeof(struct gpt_entry) / DISK_GPT_BLOCK_BYTES)

/* "Linux filesystem data", 0FC63DAF-8483-4772-8E79-3D69D8477DE4, as it is stored. */
static const uint8_t linux_type[16] = {0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47,
                                       0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4};

/* FNV-1a, 64 bits, from `seed`. */
static uint64_t hash(uint64_t seed, const char *text)
{
    uint64_t value = 14695981039346656037ull ^ seed;

    for (; *text != '\0'; text++) {
        value = (value ^ (uint8_t)*text) * 1099511628211ull;
    }
    return value;
}

/* Looks like a random GUID (RFC 4122, version 4), and is the same for the same names. */
static void make_guid(uint8_t guid[16], const char *system, const char *disk, const char *partition)
{
    char *name = mem_printf("%s/%s/%s", system, disk, partition);
    const uint64_t halves[2] = {hash(0, name), hash(1, name)};

    memcpy(guid, halves, sizeof(halves));
    guid[7] = (uint8_t)((guid[7] & 0x0f) | 0x40);
    guid[8] = (uint8_t)((guid[8] & 0x3f) | 0x80);
    free(name);
}

static void fill_entry(struct gpt_entry *entry, const struct model_partition *partition, const char *system,
                       const char *disk)
{
    memcpy(entry->type_guid, linux_type, sizeof(linux_type));
    make_guid(entry->guid, system, disk, partition->name);
    entry->first_lba = partition->first_byte / DISK_GPT_BLOCK_BYTES;
    entry->last_lba = (partition->first_byte + partition->bytes) / DISK_GPT_BLOCK_BYTES - 1;
    for (size_t i = 0; i < GPT_NAME_UNITS && partition->name[i] != '\0'; i++) {
        entry->name[i] = (uint8_t)partition->name[i];
    }
}

/* One entry for the whole disk, so that tools which know MBR only keep off. */
static void fill_mbr(uint8_t *mbr, uint64_t block_count)
{
    const uint64_t rest = block_count - 1;
    const uint32_t count = rest > UINT32_MAX ? UINT32_MAX : (uint32_t)rest;
    const struct mbr_entry entry = {
        .first_chs = {0, 2, 0},
        .type = MBR_TYPE_GPT,
        .last_chs = {0xff, 0xff, 0xff},
        .first_lba = {1, 0},
        .lba_count = {(uint16_t)count, (uint16_t)(count >> 16)},
    };

    memcpy(mbr + MBR_ENTRIES_OFFSET, &entry, sizeof(entry));
    mbr[MBR_SIGNATURE_OFFSET] = 0x55;
    mbr[MBR_SIGNATURE_OFFSET + 1] = 0xaa;
}

static void seal(uint8_t *block, struct gpt_header header, uint64_t my_lba, uint64_t alternate_lba,
                 uint64_t entries_lba)
{
    header.my_lba = my_lba;
    header.alternate_lba = alternate_lba;
    header.entries_lba = entries_lba;
    header.header_crc = crc32_of(&header, GPT_HEADER_BYTES);
    memcpy(block, &header, GPT_HEADER_BYTES);
}

struct disk_gpt *disk_gpt_new(const struct model_disk *disk, const char *system)
{
    struct disk_gpt *gpt = mem_zalloc(sizeof(*gpt));
    const uint64_t block_count = disk->size_bytes / DISK_GPT_BLOCK_BYTES;
    struct gpt_header header = {
        .signature = GPT_SIGNATURE,
        .revision = GPT_REVISION,
        .header_bytes = GPT_HEADER_BYTES,
        .first_usable_lba = GPT_HEADER_LBA + 1 + ENTRIES_BLOCKS,
        .last_usable_lba = block_count - 2 - ENTRIES_BLOCKS,
        .entry_count = GPT_ENTRY_COUNT,
        .entry_bytes = sizeof(struct gpt_entry),
    };

    for (size_t i = 0; i < disk->partition_count && i < GPT_ENTRY_COUNT; i++) {
        fill_entry(&gpt->entries[i], &disk->partitions[i], system, disk->name);
    }
    make_guid(header.disk_guid, system, disk->name, "");
    header.entries_crc = crc32_of(gpt->entries, sizeof(gpt->entries));
    fill_mbr(gpt->mbr, block_count);
    seal(gpt->header, header, GPT_HEADER_LBA, block_count - 1, GPT_HEADER_LBA + 1);
    seal(gpt->backup_header, header, block_count - 1, GPT_HEADER_LBA, block_count - 1 - ENTRIES_BLOCKS);
    return gpt;
}
