/* SPDX-License-Identifier: BSD-2-Clause */
/* Sizes as people write them. */
#include "tool/base/size_text.h"

#include <inttypes.h>
#include <stdio.h>

const char *size_text(uint64_t bytes, char *text)
{
    static const char units[] = "KMG";
    size_t unit = 0;

    while (unit < 3 && bytes != 0 && bytes % 1024 == 0) {
        bytes /= 1024;
        unit++;
    }
    (void)snprintf(text, SIZE_TEXT_BYTES, "%" PRIu64 "%.1s", bytes, unit == 0 ? "" : &units[unit - 1]);
    return text;
}
