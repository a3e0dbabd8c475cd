/* SPDX-License-Identifier: BSD-2-Clause */
/** Images of a system's disks: where they are, creating those that are missing, telling QEMU of them. */
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

/**
 * Write QEMU's configuration file for the disks (-readconfig) beside `output`, as OUTPUT.qemu (.elf is
 * replaced); an empty one if there are none. Reports and returns ERR_IO on failure.
 */
ERR_CHECKED enum err disk_image_write_config(const struct model *model, const char *output,
                                             struct diag *diag);
