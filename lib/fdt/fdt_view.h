/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A read-only look into a flattened device tree (Devicetree Specification 0.4, chapter 5) from the kernel or a PD.
 *
 * Small and bounded: one pass over the structure block, every offset checked, so that a damaged blob costs
 * at most its own length. It reads bytes and aligned words only, so that it works with the MMU off, provided that the blob is
 * aligned to 8 bytes. The host tool uses libfdt instead.
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"

/**
 * Find property `property` of the node at `path` ("/chosen").
 *
 * `blob`: the device tree, of which at most `blob_bytes` may be read. On success *value points into the blob
 * and *value_bytes is its length. Only nodes below the root, without unit address, one level deep, are
 * looked for: that is where firmware hands things over.
 * Errors: ERR_FORMAT (no device tree, or damaged), ERR_EMPTY (no such node or property).
 */
ERR_CHECKED enum err fdt_view_property(const void *blob, uint32_t blob_bytes, const char *path,
                                       const char *property, const uint8_t **value, uint32_t *value_bytes);
