/* SPDX-License-Identifier: BSD-2-Clause */
/** Device trees for tests, compiled by dtc when the test runs. */
#pragma once

#include <stddef.h>

#include "tool/fdt/fdt_guest.h"

/** Compile the source file `path`. The test fails if dtc does; fdt_blob_free() the blob. */
struct fdt_blob dts_compile_file(const char *path);

/** Compile source text; with `-@`, so that it may be an overlay. */
struct fdt_blob dts_compile(const char *text);

/** The test fails unless dtc decompiles `blob` without a word. */
void dts_check_silent(const struct fdt_blob *blob);
