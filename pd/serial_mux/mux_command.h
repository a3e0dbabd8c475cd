/* SPDX-License-Identifier: BSD-2-Clause */
/** What the multiplexer's own keys do. */
#pragma once

#include "pd/serial_mux/mux_keys.h"
#include "pd/serial_mux/serial_mux.h"

/** Do what the user asked for, and say so. The screen has room (mux_screen_has_room()). */
void mux_command_run(struct serial_mux *mux, const struct mux_command *command);
