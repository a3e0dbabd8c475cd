/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/disk/disk_name.h"

#include <ctype.h>
#include <stddef.h>

bool disk_name_is_possible(const char *path)
{
    size_t bytes = 0;

    for (; path[bytes] != '\0'; bytes++) {
        if (path[bytes] == '"' || iscntrl((unsigned char)path[bytes])) {
            return false;
        }
    }
    return bytes <= DISK_NAME_MAX_BYTES;
}
