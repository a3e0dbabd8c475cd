/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Where running systems are: each hub has a folder for its sockets in a place that everybody knows, $XDG_RUNTIME_DIR/causeway
 * or else /tmp/causeway-UID, which only the user can look into.
 */
#pragma once

#include <stdbool.h>

#define WHERE_BYTES 64u /**< short: sockets have names of at most 107 bytes */

/**
 * Make a folder for the system `title`, with a number behind it if one of that name runs. Returns a descriptor, to be kept
 * open as long as the folder is in use; -1, and what was wrong is printed, if that fails.
 */
int where_make(const char *title, char folder[WHERE_BYTES]);

/**
 * The folder of a running system: `dir`, or if that is NULL $CAUSEWAY_DIR, or else the only one there is. False, and why is
 * printed, if there is none, or more than one.
 */
bool where_find(const char *dir, char folder[WHERE_BYTES]);

/** Connect to a channel of the system that where_find() finds. -1, and why is printed, if that fails. */
int where_connect(const char *dir, const char *channel);
