/* SPDX-License-Identifier: BSD-2-Clause */
/** What is said of a wrong command line, in the same words by every command. */
#pragma once

#include <stdbool.h>

/** Print that `causeway COMMAND` was called wrongly: `what`, then `detail`, what is wrong as the user gave it. False. */
bool usage_error(const char *command, const char *what, const char *detail);

/** Print that getopt_long() returned `letter`, which is ':' or '?', at `argument`. False. */
bool usage_option(const char *command, int letter, const char *argument);
