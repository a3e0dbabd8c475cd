/* SPDX-License-Identifier: BSD-2-Clause */
/** From a system description's file to a checked model: source, node, expand and check in one call. */
#pragma once

#include "tool/expand/expand.h"
#include "tool/language/vars.h"

/**
 * Read, expand and check the description `options->system_path`.
 *
 * Everything wrong with it is in `diag`; the model must be built only if diag_error_count() stayed 0. NULL if
 * there is nothing to speak of. The caller frees it with model_free().
 */
struct model *frontend_load(struct diag *diag, const struct vars *vars, const struct expand_options *options);

/** The same for `bytes` bytes of text in memory. */
struct model *frontend_load_text(struct diag *diag, const struct vars *vars,
                                 const struct expand_options *options, const char *text, size_t bytes);
