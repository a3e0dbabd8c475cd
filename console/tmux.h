/* SPDX-License-Identifier: BSD-2-Clause */
/** One tmux pane for each console, in a tmux server of our own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** A session. `folder` has its socket, and the consoles'. */
struct tmux {
    char socket[128];
    const char *self; /**< the program that is in the panes */
    const char *folder;
    char window[32]; /**< where the next pane goes, */
    char last[32];   /**< behind this one */
    char first[32];  /**< the first console's: it has the keyboard at start */
    bool is_open;
    pid_t client; /**< what shows it on the user's terminal, -1: nobody */
};

/** Make a session for the system `title`, with a pane for each name: `self` console --pane --attach FOLDER
 * NAME. */
bool tmux_open(struct tmux *tmux, const char *folder, const char *self, const char *title,
               const char *const *names, size_t name_count);

/** Show it on our terminal. */
bool tmux_show(struct tmux *tmux);

/** Whether it still exists: the user may have ended it, or only looked away. */
bool tmux_exists(const struct tmux *tmux);

/** End it. */
void tmux_close(struct tmux *tmux);
