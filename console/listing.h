/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a system has, for tools that show all of it: the file `.system` in the folder of the hub, which it writes once it knows.
 * A line for the system's title, and one for each socket:
 *
 *     title NAME
 *     console NAME      a guest's console
 *     port NAME         a program's port in a guest: not to be connected to without being asked
 *     channel NAME      for a tool
 *
 * The console `log` is always there.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "console/line.h"

#define LISTING_TITLE_BYTES 64u

/** What a socket is for. */
enum listing_kind { LISTING_CONSOLE = 0, LISTING_PORT, LISTING_CHANNEL };

/** A socket. */
struct listing_entry {
    enum listing_kind kind;
    char name[CONFIG_NAME_BYTES + 1]; /**< letters, digits, `_`, `-`, `.` */
};

/** A system. */
struct listing {
    char title[LISTING_TITLE_BYTES]; /**< printable */
    uint32_t count;
    struct listing_entry entries[LINE_MAX_CONSOLES];
};

/** Write it for the consoles that `line` has. What fails shows when it is read. */
void listing_write(const char *folder, const char *title, const struct line *line);

/** The hub ends. */
void listing_remove(const char *folder);

/** Read it; false, with errno set, if it is not there, or not one. */
bool listing_read(const char *folder, struct listing *listing);
