/* SPDX-License-Identifier: BSD-2-Clause */
/** The page's files: nothing else can be asked for. */
#pragma once

#include <stddef.h>

/** Headers of all of them: the page loads from this server only, and nobody shows it in a frame or keeps it. */
extern const char pages_headers[];

/**
 * The file that is called `name` behind the token, into `path`: in the folder `pages`, or Debian's xterm.js, whose script is
 * in the descriptor `xterm` (bundle.h). Returns its type; NULL: there is none.
 */
const char *pages_find(const char *name, const char *pages, int xterm, char *path, size_t path_bytes);
