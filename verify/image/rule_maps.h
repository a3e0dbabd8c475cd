/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What each single mapping has to obey: it was declared, or it is the domain's own; and its permissions.
 * Rules about two mappings of the same memory are in check_sharing.h.
 */
#pragma once

#include "verify/image/facts.h"
#include "verify/image/findings.h"
#include "verify/image/walk.h"

/**
 * Check every mapping of `walk`, the image's segments and the declared regions against RAM and firmware.
 * Regions must not overlap (facts->regions_overlap). Returns ERR_FORMAT for an image that is absurdly
 * complex.
 */
ERR_CHECKED enum err rule_maps_run(const struct facts *facts, struct walk *walk, struct findings *findings);
