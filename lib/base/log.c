/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/base/log.h"

#include <stdarg.h>
#include <stddef.h>

#include "lib/base/format.h"

/* Room kept for the count of dropped messages and the newline. */
#define LOG_TAIL_BYTES 48u

static void __attribute__((format(printf, 3, 0)))
write_line(const char *level, uint32_t dropped, const char *format, va_list args)
{
    char line[LOG_LINE_BYTES];
    const size_t room = sizeof line - LOG_TAIL_BYTES;
    size_t used = format_print(line, room, "%s: %s", log_sink.name, level);
    used += format_vprint(line + used, room - used, format, args);
    if (dropped > 0) {
        used += format_print(line + used, sizeof line - used, " (%u like it not shown)", dropped);
    }
    (void)format_print(line + used, sizeof line - used, "\n");
    log_sink.write(line);
}

void log_info(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line("", 0, format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line("warning: ", 0, format, args);
    va_end(args);
}

void log_error(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    write_line("error: ", 0, format, args);
    va_end(args);
}

void log_warn_limited(struct log_limit *limit, const char *format, ...)
{
    uint32_t dropped;
    if (!log_limit_allows(limit, &dropped)) {
        return;
    }
    va_list args;
    va_start(args, format);
    write_line("warning: ", dropped, format, args);
    va_end(args);
}

bool log_limit_allows(struct log_limit *limit, uint32_t *dropped)
{
    if (limit->count < UINT32_MAX) {
        limit->count++;
    }
    if (limit->count > LOG_LIMIT_FIRST && (limit->count & (limit->count - 1)) != 0) {
        if (limit->dropped < UINT32_MAX) {
            limit->dropped++;
        }
        return false;
    }
    *dropped = limit->dropped;
    limit->dropped = 0;
    return true;
}
