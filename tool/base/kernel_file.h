/* SPDX-License-Identifier: BSD-2-Clause */
/** Kernels of Linux as distributions ship them: what such a file is, and the arm64 Image in it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"

/** An arm64 Image (Linux, Documentation/arch/arm64/booting.rst); kernel_file_free() it. */
struct kernel_file {
    uint8_t *data;
    size_t bytes;
    bool is_unpacked; /**< it is not the file as it stands */
};

/**
 * The Image in the file `path`: that itself, compressed by gzip, zstd, lz4, xz or bzip2, in an EFI zboot
 * program (vmlinuz), or in the Debian package of a kernel. Anything else is reported at `loc`, with what it
 * is. Errors: ERR_IO, ERR_FORMAT, ERR_SPACE.
 */
ERR_CHECKED enum err kernel_file_read(const char *path, struct loc loc, struct diag *diag,
                                      struct kernel_file *kernel);

/** Free the Image; fine on an all-zero one too. */
void kernel_file_free(struct kernel_file *kernel);
