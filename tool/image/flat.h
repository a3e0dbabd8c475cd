/* SPDX-License-Identifier: BSD-2-Clause */
/** A finished image as one flat file: an arm64 Image, as U-Boot's `booti` takes it. */
#pragma once

#include "lib/base/err.h"
#include "tool/base/diag.h"

/**
 * Write the ELF image `path`, one that image_write() has made, to `output` as a flat file: its loadable
 * segments at their distance from the first, zeros between them. The 64-byte header of an arm64 Image (Linux,
 * Documentation/arm64/booting.rst), with which the kernel begins, gets the size of all the memory that it
 * needs to stay free. Errors: ERR_IO; ERR_FORMAT for a file that is no such image.
 */
ERR_CHECKED enum err flat_write(const char *path, const char *output, struct diag *diag);
