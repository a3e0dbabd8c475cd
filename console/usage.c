/* SPDX-License-Identifier: BSD-2-Clause */
#include "console/usage.h"

#include <stdio.h>

bool usage_error(const char *command, const char *what, const char *detail)
{
    fprintf(stderr, "causeway %s: %s%s\ntry: causeway %s --help\n", command, what, detail, command);
    return false;
}

bool usage_option(const char *command, int letter, const char *argument)
{
    return usage_error(command, letter == ':' ? "value missing for " : "unknown option ", argument);
}
