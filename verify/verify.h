/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * `causeway-verify IMAGE`: proves from the final image that its domains are isolated as declared, and with a
 * policy that it grants what the policy says and nothing else.
 *
 * The kernel creates nothing at run time, so who can reach what is all in the image's translation tables,
 * descriptor rows and PDs' configurations. This program reads them with code of its own (it shares with the
 * composer the layouts in kernel/include/sysdesc.h, lib/config and tool/image/intent.h, and nothing else) and
 * judges them by the rules of findings.h. docs/verify.md says what remains to be trusted.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verify/grants/program.h"
#include "verify/image/findings.h"
#include "verify/image/rule_sharing.h"

/** What came out. Also the exit code. */
enum verify_verdict {
    VERIFY_PROVED = 0,
    VERIFY_VIOLATED = 1, /**< findings->count > 0 */
    VERIFY_MALFORMED =
        2 /**< no image, or the policy or a program cannot be read: findings->malformed says why */
};

/** What an image is held against; all borrowed. */
struct verify_reference {
    const uint8_t *policy; /**< NULL: none */
    size_t policy_bytes;
    const uint8_t *kernel; /**< kernel.elf; NULL: none */
    size_t kernel_bytes;
    struct program_places places;
};

/** What a proof covered. */
struct verify_summary {
    char name[64]; /**< of the system */
    uint32_t pd_count;
    uint32_t vm_count;
    size_t table_count;
    struct check_sharing_summary sharing;
    uint32_t program_count; /**< compared with what they were made from */
    uint32_t config_count;
    size_t line_count; /**< of the policy, all of which the image agrees with */
    bool has_policy, has_kernel;
};

/**
 * Judge the `bytes` of an image. *findings and *summary have to be zeroed; the former is freed by the caller.
 */
enum verify_verdict verify_image(const uint8_t *image, size_t bytes, const struct verify_reference *reference,
                                 struct findings *findings, struct verify_summary *summary);
