/* SPDX-License-Identifier: BSD-2-Clause */
/** Contents that memory regions have from the start. */
#pragma once

#include <stddef.h>

#include "lib/base/err.h"
#include "tool/base/diag.h"
#include "tool/model/model.h"

/**
 * Read the file of every region with MODEL_PREFILL_FILE into its prefill_data, unless it is there already,
 * and check that every prefill fits its region. Relative paths are also looked for below `dirs`. Errors, all
 * reported: ERR_IO, ERR_RANGE (contents larger than the region).
 */
ERR_CHECKED enum err prefill_load(struct model *model, const char *const *dirs, size_t dir_count,
                                  struct diag *diag);
