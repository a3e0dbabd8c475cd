/* SPDX-License-Identifier: BSD-2-Clause */
/** Images of a system's disks: where they are, and creating those that are missing. */
#pragma once

#include "lib/base/err.h"
#include "tool/model/model.h"

/** The path of a disk's image, malloc'd: as written if absolute, else in the folder of `output`. */
char *disk_image_path(const struct model_disk *disk, const char *output);

/**
 * Create the images that don't exist: sparse files with a GPT (UEFI 2.10, chapter 5) if the description has
 * partitions, and what these start with. Those that exist stay as they are. Same description, same bytes.
 * Reports and returns ERR_IO on failure.
 */
ERR_CHECKED enum err disk_image_create_all(const struct model *model, const char *output, struct diag *diag);
