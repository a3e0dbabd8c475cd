/* SPDX-License-Identifier: BSD-2-Clause */
/** Initramfs archives: whether a kernel of arm64 will find in one what it starts first. */
#pragma once

#include "lib/base/err.h"
#include "tool/base/diag.h"

/**
 * Look at the initramfs `path`: a cpio archive (Linux,
 * Documentation/driver-api/early-userspace/buffer-format.rst), also compressed. One that is none, that is
 * truncated, or whose /init is a program of another architecture is reported at `loc` as an error,
 * ERR_FORMAT; one whose compression is not known here as a note.
 */
ERR_CHECKED enum err initrd_file_check(const char *path, struct loc loc, struct diag *diag);
