/* SPDX-License-Identifier: BSD-2-Clause */
/* A console's output in a file, with the time in front of each line. */
#include "console/logbook.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "tool/base/mem.h"

bool logbook_open(struct logbook *logbook, const char *folder, const char *name)
{
    char *path = mem_printf("%s/%s.log", folder, name);

    *logbook = (struct logbook){0};
    if (mkdir(folder, 0777) == 0 || errno == EEXIST) {
        logbook->file = fopen(path, "ae");
    }
    free(path);
    return logbook->file != NULL;
}

static void put_time(FILE *file, uint64_t unix_ms)
{
    const time_t seconds = (time_t)(unix_ms / 1000);
    struct tm local;
    char text[32];

    if (localtime_r(&seconds, &local) == NULL ||
        strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &local) == 0) {
        text[0] = '\0';
    }
    fprintf(file, "%s.%03u ", text, (unsigned int)(unix_ms % 1000));
}

void logbook_put(struct logbook *logbook, const uint8_t *bytes, uint32_t count, uint64_t unix_ms)
{
    if (logbook->file == NULL) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (bytes[i] == '\r') {
            continue;
        }
        if (!logbook->in_line) {
            put_time(logbook->file, unix_ms);
        }
        logbook->in_line = bytes[i] != '\n';
        fputc(bytes[i], logbook->file);
    }
    fflush(logbook->file);
}

void logbook_close(struct logbook *logbook)
{
    if (logbook->file != NULL) {
        if (logbook->in_line) {
            fputc('\n', logbook->file);
        }
        fclose(logbook->file);
    }
    *logbook = (struct logbook){0};
}
