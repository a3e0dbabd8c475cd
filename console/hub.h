/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The hub: has the serial line, and a socket for each console of it (terminal.h), beside one called `log` for
 * the kernel's log and whatever else is on the line. It starts the system and tmux, and ends both.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** What a hub is to do. */
struct hub_options {
    const char *folder;   /**< for the sockets; NULL: a new one, which is removed at the end */
    const char *line;     /**< a serial device, pseudo-terminal or socket; NULL: run `command` */
    char *const *command; /**< with "-serial" and where to connect to added to it; ends with NULL */
    const char *title;    /**< of the system */
    uint8_t escape;       /**< the multiplexer's escape byte */
    bool with_tmux;
    bool with_view;         /**< all consoles on our own terminal (view.h) */
    const char *log_folder; /**< for a file of each console's output, NULL: none */
};

/** Run until the system ends, or the user leaves it. Returns an exit code (enum cmd_status, or the
 * command's). */
int hub_run(const struct hub_options *options);
