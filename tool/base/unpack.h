/* SPDX-License-Identifier: BSD-2-Clause */
/** Compressed data, unpacked by the programs that every Linux has for it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/** A compression: its name is that of the program, too. NULL at the end of `unpack_formats`. */
struct unpack_format {
    const char *name;
    const char *package; /**< Debian's, with the program */
    const char *magic;
    size_t magic_bytes;
};

/** The format of `data`, or NULL if it is none of them. */
const struct unpack_format *unpack_find(const uint8_t *data, size_t bytes);

/** The format of that name, or NULL. */
const struct unpack_format *unpack_named(const char *name);

/**
 * Unpack. The caller frees *out.
 * Errors: ERR_UNSUPPORTED (there is no such program here), ERR_FORMAT (damaged or truncated), ERR_SPACE (more
 * than FILE_MAX_BYTES), ERR_IO.
 */
ERR_CHECKED enum err unpack_run(const struct unpack_format *format, const uint8_t *data, size_t bytes,
                                uint8_t **out, size_t *out_bytes);
