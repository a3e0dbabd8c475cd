/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/base/suggest.h"

#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MAX_LENGTH 64u

void suggest_start(struct suggest *suggest, const char *wanted)
{
    suggest->wanted = wanted;
    suggest->best = NULL;
    suggest->distance = UINT_MAX;
}

static unsigned int least(unsigned int a, unsigned int b, unsigned int c)
{
    unsigned int smaller = a < b ? a : b;

    return smaller < c ? smaller : c;
}

/* Edits (insert, delete, replace, swap of neighbours) that turn one name into the other, ignoring case. */
static unsigned int edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    unsigned int rows[3][MAX_LENGTH + 1];
    unsigned int *before = rows[0];
    unsigned int *last = rows[1];
    unsigned int *row = rows[2];

    for (unsigned int j = 0; j <= b_length; j++) {
        before[j] = 0;
        last[j] = j;
    }
    for (unsigned int i = 1; i <= a_length; i++) {
        row[0] = i;
        for (unsigned int j = 1; j <= b_length; j++) {
            int ca = tolower((unsigned char)a[i - 1]);
            int cb = tolower((unsigned char)b[j - 1]);

            row[j] = least(last[j] + 1, row[j - 1] + 1, last[j - 1] + (ca != cb));
            if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
                cb == tolower((unsigned char)a[i - 2])) {
                row[j] = least(row[j], before[j - 2] + 1, row[j]);
            }
        }

        unsigned int *free_row = before;

        before = last;
        last = row;
        row = free_row;
    }
    return last[b_length];
}

void suggest_offer(struct suggest *suggest, const char *candidate)
{
    size_t wanted_length = strlen(suggest->wanted);
    size_t length = strlen(candidate);
    unsigned int distance;

    if (wanted_length > MAX_LENGTH || length > MAX_LENGTH || length == 0) {
        return;
    }
    distance = edit_distance(suggest->wanted, wanted_length, candidate, length);
    /* A third of the name may be wrong, but never all of it. */
    if (distance < suggest->distance && distance <= 1 + wanted_length / 3 && distance < length) {
        suggest->best = candidate;
        suggest->distance = distance;
    }
}

const char *suggest_text(const struct suggest *suggest, char *text)
{
    text[0] = '\0';
    if (suggest->best != NULL) {
        (void)snprintf(text, SUGGEST_TEXT_BYTES, "; did you mean \"%s\"?", suggest->best);
    }
    return text;
}
