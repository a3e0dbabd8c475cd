/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * `causeway verify IMAGE`: proves from the final image that its domains are isolated as declared.
 *
 * The kernel creates nothing at run time, so who can reach what is all in the image's translation tables and
 * descriptor rows. This part reads them with code of its own (it shares with the composer the layouts in
 * kernel/include/sysdesc.h and tool/intent.h, and nothing else) and judges them by the rules of findings.h.
 * What remains to be trusted: the kernel's code, that it obeys the descriptor, and that the declaration
 * (tool/intent.h) says what the user's system description says.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "verify/check_sharing.h"
#include "verify/findings.h"

/** Exit codes of the program. */
enum verify_verdict {
    VERIFY_PROVED = 0,   /**< every rule holds */
    VERIFY_VIOLATED = 1, /**< findings has what is wrong */
    VERIFY_MALFORMED = 2 /**< no image of ours: findings->malformed says why */
};

/** What a proof covered. */
struct verify_summary {
    char name[64]; /**< of the system */
    uint32_t pd_count;
    uint32_t vm_count;
    size_t table_count;
    struct check_sharing_summary sharing;
};

/**
 * Judge the `bytes` of an image. *findings and *summary have to be zeroed; the former is freed by the caller.
 */
enum verify_verdict verify_image(const uint8_t *image, size_t bytes, struct findings *findings,
                                 struct verify_summary *summary);
