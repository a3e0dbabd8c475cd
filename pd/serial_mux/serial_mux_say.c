/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of the multiplexer's own, for whoever has something to tell the user. */
#include <stdarg.h>

#include "lib/base/format.h"
#include "pd/serial_mux/serial_mux.h"

void serial_mux_say(struct serial_mux *mux, const char *format, ...)
{
    char line[MUX_CONSOLE_LINE_BYTES / 2];
    va_list args;
    va_start(args, format);
    size_t length = format_vprint(line, sizeof(line) - 1, format, args);
    va_end(args);
    line[length++] = '\n';
    mux_console_append(&mux->consoles[mux->client_count + 1], line, (uint32_t)length);
}
