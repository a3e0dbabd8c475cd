/* SPDX-License-Identifier: BSD-2-Clause */
/* IMAGE.contents: what a disk's image was made of. */
#include "tool/disk/disk_contents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/base/mem.h"

static char *marker_path(const char *path)
{
    return mem_printf("%s.contents", path);
}

/* "NAME: BYTES bytes of TIME" for a partition, malloc'd; the same file copied elsewhere counts as the same. */
static char *describe(const struct model_partition *partition)
{
    struct stat status;

    if (partition->contents == NULL || stat(partition->contents, &status) != 0) {
        return mem_printf("%s: empty\n", partition->name);
    }
    return mem_printf("%s: %llu bytes of %lld\n", partition->name, (unsigned long long)status.st_size,
                      (long long)status.st_mtime);
}

bool disk_contents_write(const struct model_disk *disk, const char *path)
{
    char *marker = marker_path(path);
    FILE *file = fopen(marker, "w");
    bool good = file != NULL;

    for (size_t i = 0; i < disk->partition_count && good; i++) {
        char *line = describe(&disk->partitions[i]);

        good = fputs(line, file) >= 0;
        free(line);
    }
    good = (file == NULL || fclose(file) == 0) && good;
    free(marker);
    return good;
}

/* The marker's text, malloc'd; NULL: an image of which nobody knows. */
static char *read_marker(const char *path)
{
    char *marker = marker_path(path);
    FILE *file = fopen(marker, "r");
    char *text = NULL;
    size_t bytes = 0;

    if (file != NULL && getdelim(&text, &bytes, '\0', file) < 0) {
        free(text);
        text = NULL;
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    free(marker);
    return text;
}

static bool has_line(const char *text, const char *line)
{
    for (const char *at = text; (at = strstr(at, line)) != NULL; at++) {
        if (at == text || at[-1] == '\n') {
            return true;
        }
    }
    return false;
}

void disk_contents_compare(const struct model_disk *disk, const char *path, struct diag *diag)
{
    char *text = read_marker(path);

    for (size_t i = 0; i < disk->partition_count && text != NULL; i++) {
        const struct model_partition *partition = &disk->partitions[i];
        char *line = describe(partition);

        if (!has_line(text, line)) {
            diag_warning(
                diag, disk->loc,
                "<disk>: image %s was made with other contents of partition \"%s\", and stays as guests have "
                "left it; remove it to have it made again, with all that is in it lost",
                path, partition->name);
        }
        free(line);
    }
    free(text);
}
