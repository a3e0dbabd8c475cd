/* SPDX-License-Identifier: BSD-2-Clause */
/** Looking at a disk's image that is there before a system is built for it. */
#pragma once

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/model/model.h"

/**
 * The image at `path`, of `bytes` bytes, has to be the disk's bytes themselves, not a container or something
 * compressed, and to have the partitions that guests are to get; where it has others than the description
 * lists, that is a warning. Reports, and returns ERR_FORMAT (a container), ERR_RANGE (a partition is missing)
 * or ERR_IO.
 */
ERR_CHECKED enum err disk_check_image(const struct model_disk *disk, const char *path, uint64_t bytes,
                                      struct diag *diag);
