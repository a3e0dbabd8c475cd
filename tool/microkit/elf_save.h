/* SPDX-License-Identifier: BSD-2-Clause */
/** Writes a patched program back as an ELF file, with symbols and debug information as they were. */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/image/elf_program.h"

/**
 * Write `program` to `path`, with `extra_count` more loadable segments.
 *
 * Changed contents go where they were in the file; a segment whose zeroed tail was written to, and the extra
 * ones, are appended with a new program header table. An extra segment's `data` has file_bytes bytes and is
 * not owned. Errors, reported: ERR_FORMAT (the program headers cannot be extended), ERR_IO, ERR_STATE (an
 * extra segment overlaps another).
 */
ERR_CHECKED enum err elf_save(const struct elf_program *program, const struct elf_program_segment *extra,
                              size_t extra_count, const char *path, struct diag *diag);
