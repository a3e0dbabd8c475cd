/* SPDX-License-Identifier: BSD-2-Clause */
/** Where a hub works: its folder, the serial line, and the program behind that, if it is ours. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/** A place. Set up with place_open(). */
struct place {
    char folder[64]; /**< short: sockets in it have names of at most 107 bytes */
    bool made_folder;
    int lock; /**< of a folder in the place that everybody knows (where.h), else -1 */
    int line; /**< -1: none */
    pid_t program;
    int program_output; /**< what it says besides, -1: nothing more */
};

/**
 * Make or use `folder`, NULL: one for the system `title` (where.h); open `line`, or start `command` (see struct hub_options) and wait until it connects.
 * SIGCHLD and the signals that end us have to be blocked. False, and what was wrong is printed, if that
 * fails; call place_close() all the same.
 */
bool place_open(struct place *place, const char *folder, const char *title, const char *line,
                char *const *command);

/** End the program, close the line, remove what was made. */
void place_close(struct place *place);
