/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/base/err.h"

static const char *const texts[ERR_COUNT] = {
    [ERR_OK] = "success",
    [ERR_RANGE] = "address, index or length out of range",
    [ERR_ALIGN] = "value not aligned as required",
    [ERR_FORMAT] = "malformed data",
    [ERR_LOOP] = "descriptor chain loops or is longer than its queue",
    [ERR_OVERRUN] = "index runs ahead of the queue",
    [ERR_SPACE] = "no room left",
    [ERR_EMPTY] = "nothing there",
    [ERR_STATE] = "not allowed in the present state",
    [ERR_UNSUPPORTED] = "not offered here",
    [ERR_DENIED] = "no authority for this",
    [ERR_IO] = "device or file failed",
};

const char *err_text(enum err code)
{
    if ((unsigned int)code >= ERR_COUNT || texts[code] == 0) {
        return "unknown error";
    }
    return texts[code];
}
