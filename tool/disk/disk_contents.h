/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What an image of a disk was made of: IMAGE.contents beside it has a line for each partition with contents. It
 * tells when those have changed since, and `make clean` by it that the image is a disk.
 */
#pragma once

#include "tool/base/diag.h"
#include "tool/model/model.h"

/** Write IMAGE.contents for a new image at `path`. False with errno set: it cannot be written. */
bool disk_contents_write(const struct model_disk *disk, const char *path);

/** Warn if the contents of a partition are others than those that the image at `path` was made of. */
void disk_contents_compare(const struct model_disk *disk, const char *path, struct diag *diag);
