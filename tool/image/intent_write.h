/* SPDX-License-Identifier: BSD-2-Clause */
/** Writes the section `.causeway.intent` (intent.h) of a composed image, from the model. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "tool/image/image.h"

/** The section's contents, *bytes long, to be freed with free(). */
uint8_t *intent_write_section(const struct image *image, size_t *bytes);
