/* SPDX-License-Identifier: BSD-2-Clause */
/** What lwIP includes by this name, and one function that it names and we never get to. */
#pragma once

#include <stddef.h>

/** A number of up to nine digits; 0 if there is none. */
static inline int atoi(const char *text)
{
    int number = 0;

    for (unsigned i = 0; i < 9 && text[i] >= '0' && text[i] <= '9'; i++) {
        number = number * 10 + (text[i] - '0');
    }
    return number;
}
