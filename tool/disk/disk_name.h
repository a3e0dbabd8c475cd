/* SPDX-License-Identifier: BSD-2-Clause */
/** Paths of disk images as QEMU's configuration files can have them. */
#pragma once

#include <stdbool.h>

/** With the rest of its line a path fits into the 1,023 bytes that QEMU reads of one. */
#define DISK_NAME_MAX_BYTES 1000u

/** Whether `path` can be named to QEMU: strings have no escapes there, and end at a quote or with the line.
 */
bool disk_name_is_possible(const char *path);
