/* SPDX-License-Identifier: BSD-2-Clause */
/** Programs that `causeway console` runs. None of them outlives it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * Start argv[0], found by PATH, with `output` (-1: ours) as its standard output and error. With
 * `has_terminal` it has our standard input, else none. It is ended by SIGTERM should we die. Returns its
 * process, -1 on failure.
 */
pid_t child_start(char *const argv[], int output, bool has_terminal);

/** Run argv[0] to its end; what it prints, up to `bytes` - 1, goes to `text`. Whether it succeeded. */
bool child_run(char *const argv[], char *text, size_t bytes);

/** Ask a process to end, and if it doesn't within some seconds, end it. Reaps it. `pid` -1: nothing to do. */
void child_end(pid_t pid);

/** Whether PATH has the program. */
bool child_is_installed(const char *name);
