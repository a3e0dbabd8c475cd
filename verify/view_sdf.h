/* SPDX-License-Identifier: BSD-2-Clause */
/** What a description for the seL4 Microkit SDK grants, with the programs beside it. */
#pragma once

#include "verify/verify.h"

/**
 * Compare the .system file in folder `dir`, and the programs and contents that lie there, with a policy. The
 * kernel's tables come from the SDK's own tool, which is trusted to do what the file says. *findings and
 * *summary as for verify_image().
 */
enum verify_verdict view_sdf_verify(const char *dir, const struct verify_reference *reference,
                                    struct findings *findings, struct verify_summary *summary);
