/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/history.h"

#include <string.h>

size_t history_byte(struct mux_filter *filter, uint8_t byte, uint8_t out[HISTORY_OUT_BYTES])
{
    static const char plain[] = "\x1b[0m";
    size_t count = 0;

    if (byte == '\r') {
        return 0;
    }
    if (byte != '\n') {
        return mux_filter_byte(filter, byte, out);
    }
    if (mux_filter_end_line(filter)) {
        memcpy(out, plain, sizeof(plain) - 1);
        count = sizeof(plain) - 1;
    }
    out[count++] = '\r';
    out[count++] = '\n';
    return count;
}
