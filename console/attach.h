/* SPDX-License-Identifier: BSD-2-Clause */
/** Shows one console of a hub on this terminal. */
#pragma once

#include <stdbool.h>

/**
 * Connect to the socket FOLDER/NAME and be its terminal, until the hub ends or, unless `is_pane`, Ctrl-] is
 * pressed. If standard input is no terminal, it is passed on as it is, and its end is the end.
 * Returns an exit code (enum cmd_status).
 */
int attach_run(const char *folder, const char *name, bool is_pane);
