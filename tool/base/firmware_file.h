/* SPDX-License-Identifier: BSD-2-Clause */
/** What a guest's firmware, or a program without an operating system, is delivered as: raw bytes or an ELF
 * file. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"

/** Contents of memory from the lowest address that is loaded on; firmware_file_free() it. */
struct firmware_file {
    uint8_t *data;
    size_t bytes;
    bool is_elf;        /**< then the rest is known */
    uint64_t base;      /**< where `data` goes */
    uint64_t mem_bytes; /**< with memory behind `data` that starts as zeroes */
    uint64_t entry;
};

/**
 * Read `path`. An ELF file has to be an executable for AArch64, little-endian, whose segments (by their
 * physical addresses) lie within `limit` bytes; anything else is taken as it is. Errors are reported at
 * `loc`.
 */
ERR_CHECKED enum err firmware_file_read(const char *path, uint64_t limit, struct loc loc, struct diag *diag,
                                        struct firmware_file *file);

/** Free the contents, and forget the rest; fine on an all-zero one too. */
void firmware_file_free(struct firmware_file *file);
