/* SPDX-License-Identifier: BSD-2-Clause */
/** `causeway console`. */
#pragma once

/** See its --help. Returns an exit code. */
int cmd_console(int argc, char **argv);
