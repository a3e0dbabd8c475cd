/* SPDX-License-Identifier: BSD-2-Clause */
/** Strings as JSON has them. */
#pragma once

#include <stdio.h>

/** Write `text` in quotes. What is not printable ASCII becomes `?`: what comes from a target may be anything. */
void json_put_string(FILE *out, const char *text);
