/* SPDX-License-Identifier: BSD-2-Clause */
/* What is wrong with an initramfs shows late, as a kernel that panics: looked at when a system is built. */
#include "tool/base/initrd_file.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/base/unpack.h"

#define HEADER_BYTES 110u
#define FIELD_BYTES 8u
#define MAGIC_BYTES 6u
/* Numbers of the header's fields. */
enum { FIELD_FILE_BYTES = 6, FIELD_NAME_BYTES = 11 };

/* One file of the archive. */
struct entry {
    const char *name; /* NUL-terminated */
    const uint8_t *data;
    size_t bytes;
    size_t next; /* offset of the next one */
};

static size_t align4(size_t offset)
{
    return (offset + 3) / 4 * 4;
}

static size_t field(const uint8_t *header, size_t number)
{
    char text[FIELD_BYTES + 1] = "";

    memcpy(text, header + MAGIC_BYTES + number * FIELD_BYTES, FIELD_BYTES);
    return (size_t)strtoul(text, NULL, 16);
}

static bool is_cpio(const uint8_t *data, size_t bytes)
{
    return bytes >= HEADER_BYTES &&
           (memcmp(data, "070701", MAGIC_BYTES) == 0 || memcmp(data, "070702", MAGIC_BYTES) == 0);
}

/* The entry at `at`. False: there is none, or not all of it. */
static bool read_entry(const uint8_t *data, size_t bytes, size_t at, struct entry *entry)
{
    if (at > bytes || !is_cpio(data + at, bytes - at)) {
        return false;
    }

    const size_t name_bytes = field(data + at, FIELD_NAME_BYTES);
    const size_t start = align4(at + HEADER_BYTES + name_bytes);

    entry->name = (const char *)data + at + HEADER_BYTES;
    entry->bytes = field(data + at, FIELD_FILE_BYTES);
    if (name_bytes == 0 || start > bytes || entry->bytes > bytes - start ||
        entry->name[name_bytes - 1] != '\0') {
        return false;
    }
    entry->data = data + start;
    entry->next = align4(start + entry->bytes);
    return true;
}

static bool is_foreign(const struct entry *entry)
{
    return entry->bytes > EI_NIDENT + 4 && memcmp(entry->data, ELFMAG, SELFMAG) == 0 &&
           (entry->data[EI_CLASS] != ELFCLASS64 || entry->data[18] != EM_AARCH64 || entry->data[19] != 0);
}

/* The first archive of the file: what follows it, as behind microcode, has a compression of its own. */
static enum err check_archive(const char *path, const uint8_t *data, size_t bytes, struct loc loc,
                              struct diag *diag)
{
    size_t at = 0;
    struct entry entry;

    while (read_entry(data, bytes, at, &entry)) {
        if (strcmp(entry.name, "TRAILER!!!") == 0) {
            return ERR_OK;
        }
        if ((strcmp(entry.name, "init") == 0 || strcmp(entry.name, "./init") == 0) && is_foreign(&entry)) {
            diag_error(diag, loc, "<linux>: \"%s\": its /init is a program of another architecture", path);
            return ERR_FORMAT;
        }
        at = entry.next;
    }
    diag_error(diag, loc,
               is_cpio(data, bytes) ? "<linux>: \"%s\" is an initramfs that is truncated"
                                    : "<linux>: \"%s\" is no initramfs: no cpio archive (newc)",
               path);
    return ERR_FORMAT;
}

enum err initrd_file_check(const char *path, struct loc loc, struct diag *diag)
{
    uint8_t *data = NULL;
    uint8_t *unpacked = NULL;
    size_t bytes;
    size_t unpacked_bytes = 0;
    enum err err = file_read(path, loc, diag, &data, &bytes);
    const struct unpack_format *format = err == ERR_OK ? unpack_find(data, bytes) : NULL;

    if (err != ERR_OK) {
        return err;
    }
    if (format == NULL) {
        err = check_archive(path, data, bytes, loc, diag);
        free(data);
        return err;
    }
    err = unpack_run(format, data, bytes, &unpacked, &unpacked_bytes);
    free(data);
    if (err == ERR_UNSUPPORTED) {
        diag_note(diag, loc, "\"%s\" is compressed by %s, which is not installed here: not looked at", path,
                  format->name);
        return ERR_OK;
    }
    if (err != ERR_OK) {
        diag_error(diag, loc, "<linux>: \"%s\" is compressed by %s, and truncated or damaged", path,
                   format->name);
        return ERR_FORMAT;
    }
    err = check_archive(path, unpacked, unpacked_bytes, loc, diag);
    free(unpacked);
    return err;
}
