/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The report of a build, for people: what runs, who can reach whom and through what, where everything lies.
 *
 * Plain text of at most 110 columns where names allow. Same system, same text: files are shown by their last
 * name only, and there are no dates.
 */
#pragma once

#include <stdio.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/image/image.h"
#include "tool/model/model.h"

/**
 * Print the report. `image`: the composed image for the parts about physical memory; NULL leaves them out
 * (platforms whose own tool lays out memory).
 */
void report_print(const struct model *model, const struct image *image, FILE *out);

/** Write it to the file `path`, whole or not at all. Errors, reported: ERR_IO. */
ERR_CHECKED enum err report_write(const struct model *model, const struct image *image, const char *path,
                                  struct diag *diag);
