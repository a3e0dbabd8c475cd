/* SPDX-License-Identifier: BSD-2-Clause */
/** What an image of the bundled kernel grants. */
#pragma once

#include "verify/grants/program.h"
#include "verify/grants/view.h"
#include "verify/image/facts.h"
#include "verify/image/walk.h"

/**
 * Fill *view, which has its grants only, from the image: roles, regions, and all lines. What to look for in
 * programs, and where they are, the policy says. Returns ERR_FORMAT if a program cannot be read.
 */
ERR_CHECKED enum err view_image_read(struct view *view, const struct facts *facts, const struct walk *walk,
                                     const struct grants_policy *policy, const struct program_places *places,
                                     struct findings *findings);
