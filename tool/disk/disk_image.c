/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/disk/disk_image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/base/progress.h"
#include "tool/disk/disk_check.h"
#include "tool/disk/disk_contents.h"
#include "tool/disk/disk_gpt.h"
#include "tool/disk/disk_name.h"

char *disk_image_path(const struct model_disk *disk, const char *output)
{
    const char *slash = strrchr(output, '/');

    if (disk->image[0] == '/' || slash == NULL) {
        return mem_strdup(disk->image);
    }
    return mem_printf("%.*s/%s", (int)(slash - output), output, disk->image);
}

static bool write_at(int fd, const void *data, size_t bytes, uint64_t offset)
{
    return pwrite(fd, data, bytes, (off_t)offset) == (ssize_t)bytes;
}

#define COPY_BYTES 0x10000u

/* Copy a file to `offset`. What is zero there stays a hole. */
static bool copy_contents(int fd, const char *path, uint64_t offset, struct progress *progress)
{
    static const uint8_t zeroes[COPY_BYTES];
    const int from = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t buffer[COPY_BYTES];
    bool good = from >= 0;
    ssize_t bytes;

    while (good && (bytes = read(from, buffer, sizeof(buffer))) != 0) {
        good = bytes > 0 &&
               (memcmp(buffer, zeroes, (size_t)bytes) == 0 || write_at(fd, buffer, (size_t)bytes, offset));
        offset += (uint64_t)bytes;
        progress_add(progress, (uint64_t)bytes);
    }
    if (from >= 0) {
        (void)close(from);
    }
    return good;
}

static uint64_t contents_bytes(const struct model_disk *disk)
{
    uint64_t bytes = 0;
    struct stat status;

    for (size_t i = 0; i < disk->partition_count; i++) {
        const char *contents = disk->partitions[i].contents;

        bytes += contents != NULL && stat(contents, &status) == 0 ? (uint64_t)status.st_size : 0;
    }
    return bytes;
}

static bool fill_partitions(int fd, const struct model_disk *disk, const char *path)
{
    struct progress progress = progress_start("DISK", path, contents_bytes(disk));
    bool good = true;

    for (size_t i = 0; i < disk->partition_count && good; i++) {
        const struct model_partition *partition = &disk->partitions[i];

        good = partition->contents == NULL ||
               copy_contents(fd, partition->contents, partition->first_byte, &progress);
    }
    progress_end(&progress);
    return good;
}

/* A whole new image, not yet under its own name: whoever finds the name finds all of it. */
static bool fill(int fd, const struct model_disk *disk, const char *system, const char *path)
{
    if (ftruncate(fd, (off_t)disk->size_bytes) != 0) {
        return false;
    }
    if (disk->partition_count == 0) {
        return true;
    }
    struct disk_gpt *gpt = disk_gpt_new(disk, system);
    const uint64_t last = disk->size_bytes - sizeof(gpt->backup_header);
    const bool good = write_at(fd, gpt->mbr, sizeof(gpt->mbr), 0) &&
                      write_at(fd, gpt->header, sizeof(gpt->header), sizeof(gpt->mbr)) &&
                      write_at(fd, gpt->entries, sizeof(gpt->entries), 2 * sizeof(gpt->mbr)) &&
                      write_at(fd, gpt->entries, sizeof(gpt->entries), last - sizeof(gpt->entries)) &&
                      write_at(fd, gpt->backup_header, sizeof(gpt->backup_header), last) &&
                      fill_partitions(fd, disk, path);
    free(gpt);
    return good;
}

static enum err create(const struct model_disk *disk, const char *system, const char *path, struct diag *diag)
{
    char *temporary = mem_printf("%s.new", path);
    const int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool good = fd >= 0 && fill(fd, disk, system, path);

    good = (fd < 0 || close(fd) == 0) && good;
    good = good && disk_contents_write(disk, path) && rename(temporary, path) == 0;
    if (!good) {
        diag_error(diag, disk->loc, "<disk>: image %s cannot be created: %s", path, strerror(errno));
        (void)unlink(temporary);
    }
    free(temporary);
    return good ? ERR_OK : ERR_IO;
}

/* An image that is there is kept, but parts of it that guests rely on may not be missing. */
static enum err check_length(const struct model_disk *disk, const char *path, uint64_t bytes,
                             struct diag *diag)
{
    if (bytes < disk->size_bytes) {
        diag_error(
            diag, disk->loc,
            "<disk>: image %s has %llu bytes, less than the size of %llu; remove it to have it created "
            "again, or give it the size that it has",
            path, (unsigned long long)bytes, (unsigned long long)disk->size_bytes);
    } else if (bytes < disk->needed_bytes) {
        diag_error(
            diag, disk->loc,
            "<disk>: image %s has %llu bytes, but a <block> needs %llu; extend it with `truncate -s`, or "
            "change the <block>",
            path, (unsigned long long)bytes, (unsigned long long)disk->needed_bytes);
    } else if (disk->size_bytes != 0 && bytes != disk->size_bytes) {
        diag_warning(diag, disk->loc,
                     "<disk>: image %s has %llu bytes, not %llu; remove it to have it created again", path,
                     (unsigned long long)bytes, (unsigned long long)disk->size_bytes);
    }
    return bytes < disk->size_bytes || bytes < disk->needed_bytes ? ERR_RANGE : ERR_OK;
}

static enum err create_if_missing(const struct model_disk *disk, const char *system, const char *path,
                                  struct diag *diag)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        if (disk->size_bytes == 0) {
            diag_error(diag, disk->loc, "<disk>: there is no image %s; give a size to have it created", path);
            return ERR_IO;
        }
        return create(disk, system, path, diag);
    }
    if (S_ISDIR(status.st_mode)) {
        diag_error(diag, disk->loc, "<disk>: image %s is a directory, not a file", path);
        return ERR_IO;
    }
    if (!S_ISREG(status.st_mode)) {
        return ERR_OK;
    }
    const enum err err = disk_check_image(disk, path, (uint64_t)status.st_size, diag);
    disk_contents_compare(disk, path, diag);
    return err != ERR_OK ? err : check_length(disk, path, (uint64_t)status.st_size, diag);
}

enum err disk_image_create_all(const struct model *model, const char *output, struct diag *diag)
{
    enum err result = ERR_OK;

    for (size_t i = 0; i < model->disk_count; i++) {
        char *path = disk_image_path(&model->disks[i], output);
        const enum err err = create_if_missing(&model->disks[i], model->name, path, diag);

        result = err != ERR_OK ? err : result;
        free(path);
    }
    return result;
}
