/* SPDX-License-Identifier: BSD-2-Clause */
/** Whole files in and out, for the host tool. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"

/** Larger input files are refused: nothing that belongs into an image comes near. */
#define FILE_MAX_BYTES (1ull << 30)

/**
 * Read all of `path` into *data (to be freed with free(); never NULL on success) and *bytes.
 * On failure reports at `loc` what kept it from being read and returns ERR_IO, or ERR_SPACE for a file beyond
 * FILE_MAX_BYTES.
 */
ERR_CHECKED enum err file_read(const char *path, struct loc loc, struct diag *diag, uint8_t **data,
                               size_t *bytes);

/**
 * Replace `path` by `bytes` bytes of `data`: written beside it and renamed, so that a reader or a crash never
 * finds half of it. `mode`: permission bits, subject to the umask. Reports and returns ERR_IO on failure.
 */
ERR_CHECKED enum err file_write(const char *path, const void *data, size_t bytes, unsigned int mode,
                                struct diag *diag);

/** Whether `path` is a regular file. */
bool file_is(const char *path);

/**
 * Find `name` as it stands or below one of `dirs` (`dir_count`), in this order; an absolute path only as it
 * stands. Returns the path, to be freed with free(), or NULL if there is no such regular file.
 */
char *file_find(const char *name, const char *const *dirs, size_t dir_count);
