/* SPDX-License-Identifier: BSD-2-Clause */
/** A console's output in a file, with the time in front of each line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/** A file. Zero-initialised: none. */
struct logbook {
    FILE *file;
    bool in_line; /**< the line under way has its time */
};

/** Append to FOLDER/NAME.log, making both. False, with errno set, if that fails. */
bool logbook_open(struct logbook *logbook, const char *folder, const char *name);

/** Output of `unix_ms`, milliseconds since 1970. Carriage returns are left out, everything else is as it was. */
void logbook_put(struct logbook *logbook, const uint8_t *bytes, uint32_t count, uint64_t unix_ms);

/** Close it, with the end of the line under way. */
void logbook_close(struct logbook *logbook);
