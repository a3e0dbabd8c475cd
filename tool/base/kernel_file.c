/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels as distributions ship them, one layer after the other. */
#include "tool/base/kernel_file.h"

#include <elf.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/file.h"
#include "tool/base/unpack.h"

/* A package, a zboot program in it, its payload, the Image: nobody packs more often. */
#define MAX_LAYERS 5u
#define IMAGE_HEADER_BYTES 64u
#define IMAGE_MAGIC 56u
#define PE_OFFSET 60u
#define PE_SECTION_BYTES 40u
#define ZBOOT_BYTES 64u
#define ZBOOT_METHOD_BYTES 32u
#define AR_HEADER_BYTES 60u
#define TAR_BLOCK_BYTES 512u

/* What is in hand, and where to complain. */
struct unpacking {
    const char *path;
    struct loc loc;
    struct diag *diag;
    uint8_t *data;
    size_t bytes;
    bool is_unpacked;
};

static enum err refuse(const struct unpacking *file, const char *what, const char *more)
{
    diag_error(file->diag, file->loc, "<linux>: \"%s\" is %s%s", file->path, what, more);
    return ERR_FORMAT;
}

static uint32_t read_le(const uint8_t *bytes, size_t count)
{
    uint32_t value = 0;

    for (size_t i = count; i > 0; i--) {
        value = value << 8 | bytes[i - 1];
    }
    return value;
}

static bool has(const struct unpacking *file, size_t offset, const char *text, size_t count)
{
    return file->bytes >= offset + count && memcmp(file->data + offset, text, count) == 0;
}

static bool is_image(const struct unpacking *file)
{
    return file->bytes >= IMAGE_HEADER_BYTES && has(file, IMAGE_MAGIC, "ARM\x64", 4);
}

/* Take what was unpacked in the place of what it came from. */
static void replace(struct unpacking *file, uint8_t *data, size_t bytes)
{
    free(file->data);
    file->data = data;
    file->bytes = bytes;
    file->is_unpacked = true;
}

static enum err unpack(struct unpacking *file, const struct unpack_format *format, size_t offset,
                       size_t bytes)
{
    uint8_t *data = NULL;
    size_t got = 0;
    char what[160];
    const enum err err = unpack_run(format, file->data + offset, bytes, &data, &got);

    if (err == ERR_OK) {
        replace(file, data, got);
        return ERR_OK;
    }
    if (err == ERR_UNSUPPORTED) {
        (void)snprintf(what, sizeof(what), "compressed by %s, which is not installed here (package %s)",
                       format->name, format->package);
    } else if (err == ERR_FORMAT) {
        (void)snprintf(what, sizeof(what), "compressed by %s, and truncated or damaged", format->name);
    } else {
        (void)snprintf(what, sizeof(what), "compressed by %s, and cannot be unpacked here: out of room",
                       format->name);
    }
    return refuse(file, what, "");
}

/* Linux, drivers/firmware/efi/libstub/zboot-header.S. */
static enum err unpack_zboot(struct unpacking *file)
{
    char method[ZBOOT_METHOD_BYTES + 1] = "";
    const struct unpack_format *format;

    if (file->bytes < ZBOOT_BYTES) {
        return refuse(file, "an EFI zboot program that ends within its header", "");
    }

    const size_t offset = read_le(file->data + 8, 4);
    const size_t bytes = read_le(file->data + 12, 4);

    memcpy(method, file->data + 24, ZBOOT_METHOD_BYTES);
    /* "zstd22", "xzkern": with the options it was made with. */
    format = strncmp(method, "zstd", 4) == 0 ? unpack_named("zstd")
             : strncmp(method, "xz", 2) == 0 ? unpack_named("xz")
                                             : unpack_named(method);
    if (offset > file->bytes || bytes > file->bytes - offset) {
        return refuse(file, "an EFI zboot program that is truncated", "");
    }
    if (format == NULL) {
        return refuse(file, "an EFI zboot program with an unknown compression: ", method);
    }
    return unpack(file, format, offset, bytes);
}

/* An octal or decimal number of a header's field. */
static size_t number(const uint8_t *field, size_t bytes, int base)
{
    char text[16] = "";

    memcpy(text, field, bytes < sizeof(text) ? bytes : sizeof(text) - 1);
    return (size_t)strtoull(text, NULL, base);
}

/* The kernel in the package's files. */
static enum err find_in_tar(struct unpacking *file)
{
    size_t at = 0;

    while (at + TAR_BLOCK_BYTES <= file->bytes && file->data[at] != '\0') {
        const uint8_t *header = file->data + at;
        const char *name = (const char *)header;
        const size_t bytes = number(header + 124, 12, 8);
        const size_t start = at + TAR_BLOCK_BYTES;
        uint8_t *copy;

        if (bytes > file->bytes - start) {
            break;
        }
        name += strncmp(name, "./", 2) == 0 ? 2 : 0;
        if (strncmp(name, "boot/vmlinu", 11) == 0 && bytes > 0) {
            copy = malloc(bytes);
            if (copy == NULL) {
                return ERR_SPACE;
            }
            memcpy(copy, file->data + start, bytes);
            replace(file, copy, bytes);
            return ERR_OK;
        }
        at = start + (bytes + TAR_BLOCK_BYTES - 1) / TAR_BLOCK_BYTES * TAR_BLOCK_BYTES;
    }
    return refuse(file, "a Debian package without a kernel (boot/vmlinuz-...)", "");
}

/* deb(5): an archive with a member data.tar.*. */
static enum err unpack_deb(struct unpacking *file)
{
    size_t at = 8;

    while (at + AR_HEADER_BYTES <= file->bytes) {
        const uint8_t *header = file->data + at;
        const size_t bytes = number(header + 48, 10, 10);
        const size_t start = at + AR_HEADER_BYTES;
        const struct unpack_format *format;

        if (bytes > file->bytes - start) {
            break;
        }
        if (memcmp(header, "data.tar", 8) == 0) {
            format = unpack_find(file->data + start, bytes);
            if (format == NULL) {
                return refuse(file, "a Debian package with an unknown compression", "");
            }
            const enum err err = unpack(file, format, start, bytes);
            return err != ERR_OK ? err : find_in_tar(file);
        }
        at = start + bytes + bytes % 2;
    }
    return refuse(file, "a Debian package that is truncated", "");
}

/* A kernel with an EFI stub says how long its file is; zeroes for what is missing would make it fail late. */
static enum err check_complete(const struct unpacking *file)
{
    const size_t pe = has(file, 0, "MZ", 2) ? read_le(file->data + PE_OFFSET, 4) : file->bytes;
    size_t end = 0;
    char more[80];

    if (pe > file->bytes || file->bytes - pe < 24 || !has(file, pe, "PE\0\0", 4)) {
        return ERR_OK;
    }

    const size_t sections = pe + 24 + read_le(file->data + pe + 20, 2);
    const size_t count = read_le(file->data + pe + 6, 2);

    for (size_t i = 0; i < count && sections + (i + 1) * PE_SECTION_BYTES <= file->bytes; i++) {
        const uint8_t *section = file->data + sections + i * PE_SECTION_BYTES;
        const size_t section_end = (size_t)read_le(section + 16, 4) + read_le(section + 20, 4);

        end = section_end > end ? section_end : end;
    }
    if (end <= file->bytes) {
        return ERR_OK;
    }
    (void)snprintf(more, sizeof(more), ": %zu of %zu bytes", file->bytes, end);
    return refuse(file, "a truncated Image", more);
}

static const char *name_elf(const struct unpacking *file)
{
    const bool is_arm64 =
        file->bytes > 20 && file->data[EI_CLASS] == ELFCLASS64 && read_le(file->data + 18, 2) == EM_AARCH64;

    return is_arm64 ? "an ELF file (vmlinux?); the Image made of it is needed: objcopy -O binary"
                    : "an ELF file of another architecture";
}

static bool is_text(const struct unpacking *file)
{
    for (size_t i = 0; i < file->bytes && i < 16; i++) {
        if ((file->data[i] < ' ' && file->data[i] != '\n' && file->data[i] != '\t') || file->data[i] > '~') {
            return false;
        }
    }
    return true;
}

/* What people mistake for a kernel of arm64. */
static enum err refuse_foreign(const struct unpacking *file)
{
    const char *what = "not an arm64 Image";

    if (has(file, 0, ELFMAG, SELFMAG)) {
        what = name_elf(file);
    } else if (has(file, 0x202, "HdrS", 4)) {
        what = "a kernel for x86";
    } else if (has(file, 0x24, "\x18\x28\x6f\x01", 4)) {
        what = "a kernel for 32-bit Arm (zImage)";
    } else if (has(file, 0, "\x27\x05\x19\x56", 4)) {
        what = "an image of U-Boot's (uImage), not an arm64 Image";
    } else if (has(file, 0, "\xd0\x0d\xfe\xed", 4)) {
        what = "a device tree or a FIT image, not an arm64 Image";
    } else if (has(file, 0, "070701", 6)) {
        what = "an initramfs (cpio), not a kernel";
    } else if (has(file, 0, "QFI\xfb", 4)) {
        what = "a disk image (qcow2), not a kernel";
    } else if (file->bytes < IMAGE_HEADER_BYTES) {
        what = "too short for an arm64 Image";
    } else if (is_text(file)) {
        what = "a text file, not an arm64 Image";
    }
    return refuse(file, what, "");
}

/* One layer. `done`: it is an Image. */
static enum err peel(struct unpacking *file, bool *done)
{
    const struct unpack_format *format = unpack_find(file->data, file->bytes);

    *done = is_image(file);
    if (*done) {
        return check_complete(file);
    }
    if (has(file, 4, "zimg", 4)) {
        return unpack_zboot(file);
    }
    if (has(file, 0, "!<arch>\ndebian-binary", 21)) {
        return unpack_deb(file);
    }
    return format != NULL ? unpack(file, format, 0, file->bytes) : refuse_foreign(file);
}

enum err kernel_file_read(const char *path, struct loc loc, struct diag *diag, struct kernel_file *kernel)
{
    struct unpacking file = {.path = path, .loc = loc, .diag = diag};
    bool done = false;
    enum err err = file_read(path, loc, diag, &file.data, &file.bytes);

    *kernel = (struct kernel_file){0};
    for (uint32_t i = 0; err == ERR_OK && !done; i++) {
        err = i < MAX_LAYERS ? peel(&file, &done) : refuse(&file, "packed too often", "");
    }
    if (err != ERR_OK) {
        free(file.data);
        return err;
    }
    *kernel = (struct kernel_file){.data = file.data, .bytes = file.bytes, .is_unpacked = file.is_unpacked};
    return ERR_OK;
}

void kernel_file_free(struct kernel_file *kernel)
{
    free(kernel->data);
    *kernel = (struct kernel_file){0};
}
