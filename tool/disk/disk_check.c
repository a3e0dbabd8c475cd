/* SPDX-License-Identifier: BSD-2-Clause */
/* What an existing image is, and which partitions it has: as the block server reads it (lib/blk/blk_table.h).
 */
#include "tool/disk/disk_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/blk/blk_protocol.h"
#include "lib/blk/blk_table.h"
#include "tool/base/mem.h"

#define START_BYTES 512u

/* Files that contain a disk rather than being one. */
static const struct container {
    size_t offset;
    const char *magic;
    size_t magic_bytes;
    const char *name;
    const char *advice; /* what makes a disk of it, to be read after "convert it with" */
} containers[] = {
    {0, "QFI\xfb", 4, "a qcow2 container", "qemu-img convert -O raw"},
    {0, "QED", 4, "a QED container", "qemu-img convert -O raw"},
    {0, "KDMV", 4, "a VMDK container", "qemu-img convert -O raw"},
    {0, "# Disk DescriptorFile", 21, "the description of a VMDK container", "qemu-img convert -O raw"},
    {0, "conectix", 8, "a VHD container", "qemu-img convert -O raw"},
    {0, "vhdxfile", 8, "a VHDX container", "qemu-img convert -O raw"},
    {64, "\x7f\x10\xda\xbe", 4, "a VDI container", "qemu-img convert -O raw"},
    {0, "\x1f\x8b", 2, "compressed with gzip", "gzip -d"},
    {0,
     "\xfd"
     "7zXZ",
     6, "compressed with xz", "xz -d"},
    {0, "\x28\xb5\x2f\xfd", 4, "compressed with zstd", "zstd -d"},
    {0, "BZh", 3, "compressed with bzip2", "bzip2 -d"},
};

static const struct container *find_container(const uint8_t start[START_BYTES])
{
    for (size_t i = 0; i < sizeof(containers) / sizeof(containers[0]); i++) {
        if (memcmp(start + containers[i].offset, containers[i].magic, containers[i].magic_bytes) == 0) {
            return &containers[i];
        }
    }
    return NULL;
}

/* An image that is being read. */
struct reader {
    int fd;
    struct blk_geometry geometry;
    bool failed;
};

/* `bytes` bytes from block `lba` on, zeroed where there are none; malloc'd. */
static uint8_t *read_blocks(struct reader *reader, uint64_t lba, size_t bytes)
{
    uint8_t *data = mem_zalloc(bytes);
    const ssize_t count = pread(reader->fd, data, bytes, (off_t)(lba * BLK_SECTOR_BYTES));

    reader->failed = reader->failed || count < 0;
    return data;
}

/* The GPT whose header is at block `lba`. */
static bool read_gpt(struct reader *reader, uint64_t lba, struct blk_table *table)
{
    struct blk_gpt gpt;
    uint8_t *header = read_blocks(reader, lba, START_BYTES);
    bool good = blk_table_read_header(&gpt, header, lba, &reader->geometry) == ERR_OK;

    if (good) {
        uint8_t *entries = read_blocks(reader, gpt.entries_lba, blk_table_entries_bytes(&gpt));

        good = blk_table_read_entries(table, &gpt, entries, &reader->geometry) == ERR_OK;
        free(entries);
    }
    free(header);
    return good;
}

/* Returns whether there is a table. */
static bool read_table(struct reader *reader, const uint8_t *start, struct blk_table *table)
{
    struct blk_chain chain = {0};

    memset(table, 0, sizeof(*table));
    if (blk_table_is_gpt(start)) {
        return read_gpt(reader, GPT_HEADER_LBA, table) ||
               read_gpt(reader, reader->geometry.block_count - 1, table);
    }
    if (blk_table_read_mbr(table, &chain, start, &reader->geometry) != ERR_OK) {
        return false;
    }
    while (chain.next_lba != 0) {
        uint8_t *block = read_blocks(reader, chain.next_lba, START_BYTES);

        if (blk_table_read_link(table, &chain, block, &reader->geometry) != ERR_OK) {
            chain.next_lba = 0;
        }
        free(block);
    }
    return true;
}

/* "1 "a", 2 "b", 5", or "none". */
static char *list_partitions(const struct blk_table *table)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    const char *comma = "";

    if (out == NULL) {
        abort();
    }
    for (uint32_t number = 1; number <= GPT_ENTRY_COUNT; number++) {
        const struct blk_partition *partition = blk_table_by_number(table, number);

        if (partition != NULL) {
            (void)fprintf(out, "%s%u", comma, number);
            (void)fprintf(out, partition->name[0] != '\0' ? " \"%.*s\"" : "", (int)sizeof(partition->name),
                          partition->name);
            comma = ", ";
        }
    }
    (void)fputs(*comma == '\0' ? "none" : "", out);
    (void)fclose(out);
    return text;
}

static enum err check_needs(const struct model_disk *disk, const char *path, const struct blk_table *table,
                            bool has_table, struct diag *diag)
{
    char *list = list_partitions(table);
    enum err err = ERR_OK;

    for (size_t i = 0; i < disk->need_count; i++) {
        const struct model_need *need = &disk->needs[i];

        if (need->number != 0 ? blk_table_by_number(table, need->number) != NULL
                              : blk_table_by_name(table, need->partition) != NULL) {
            continue;
        }
        if (has_table) {
            diag_error(diag, need->loc, "<block>: image %s has no partition \"%s\"; it has %s", path,
                       need->partition, list);
        } else {
            diag_error(diag, need->loc,
                       "<block>: image %s has no partition table, and so no partition \"%s\"", path,
                       need->partition);
        }
        err = ERR_RANGE;
    }
    free(list);
    return err;
}

/* The image is older than the description, or somebody has changed it: guests get what is there. */
static void compare(const struct model_disk *disk, const char *path, const struct blk_table *table,
                    struct diag *diag)
{
    for (uint32_t i = 0; i < disk->partition_count; i++) {
        const struct model_partition *wanted = &disk->partitions[i];
        const struct blk_partition *found = blk_table_by_number(table, i + 1);

        if (found != NULL && found->first_sector * BLK_SECTOR_BYTES == wanted->first_byte &&
            found->sector_count * BLK_SECTOR_BYTES == wanted->bytes &&
            strncmp(found->name, wanted->name, sizeof(found->name)) == 0) {
            continue;
        }
        diag_warning(
            diag, disk->loc,
            "<disk>: image %s has another partition %u than \"%s\" as it is described; it stays as it is: "
            "remove it to have it created again, with all that is in it lost",
            path, i + 1, wanted->name);
        return;
    }
}

static enum err check_open(const struct model_disk *disk, const char *path, struct reader *reader,
                           struct diag *diag)
{
    uint8_t *start = read_blocks(reader, 0, START_BYTES);
    const struct container *container = find_container(start);
    struct blk_table table;
    enum err err = ERR_OK;

    if (container != NULL) {
        diag_error(
            diag, disk->loc,
            "<disk>: image %s is %s, not the bytes of a disk; convert it with `%s`, and name the result",
            path, container->name, container->advice);
        err = ERR_FORMAT;
    } else if (disk->need_count > 0) {
        const bool has_table = read_table(reader, start, &table);

        err = check_needs(disk, path, &table, has_table, diag);
        compare(disk, path, &table, diag);
    }
    free(start);
    return err;
}

enum err disk_check_image(const struct model_disk *disk, const char *path, uint64_t bytes, struct diag *diag)
{
    struct reader reader = {
        .fd = open(path, O_RDONLY | O_CLOEXEC),
        .geometry = {.block_count = bytes / BLK_SECTOR_BYTES, .block_bytes = BLK_SECTOR_BYTES},
    };
    enum err err = ERR_OK;

    if (reader.fd >= 0) {
        err = check_open(disk, path, &reader, diag);
        (void)close(reader.fd);
    }
    if (reader.fd < 0 || reader.failed) {
        diag_error(diag, disk->loc, "<disk>: image %s cannot be read: %s", path, strerror(errno));
        return ERR_IO;
    }
    return err;
}
