/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/log_record.h"

#include <string.h>

#include "lib/base/log.h"

static char text[LOG_RECORD_BYTES];
static size_t used;
static size_t count;

static void record(const char *line)
{
    size_t length = strlen(line);
    count++;
    if (used + length < sizeof text) {
        memcpy(text + used, line, length + 1);
        used += length;
    }
}

const struct log_sink log_sink = {.name = "test", .write = record};

const char *log_record_text(void)
{
    return text;
}

size_t log_record_count(void)
{
    return count;
}

void log_record_clear(void)
{
    text[0] = '\0';
    used = 0;
    count = 0;
}
