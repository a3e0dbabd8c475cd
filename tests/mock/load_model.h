/* SPDX-License-Identifier: BSD-2-Clause */
/** What a description in a test expands to. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tool/model/model.h"

/** The model of description `text`, for seL4 if `microkit`; the caller frees it. Fails the test at any error.
 */
struct model *load_model_for(const char *text, bool microkit);

/** What PD `pd_name` finds in `section`; fails the test unless that is there and has `bytes` bytes. */
const void *load_model_config(const struct model *model, const char *pd_name, const char *section,
                              size_t bytes);
