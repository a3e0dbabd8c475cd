/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What an image grants, as sorted lines of the grammar of docs/verify.md, and the comparison of these with a
 * policy. Texts live until grants_free().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "verify/image/findings.h"

struct grants {
    char **texts; /**< everything that was formatted */
    size_t text_count;
    const char **lines; /**< those that are grants */
    size_t line_count;
};

/** A policy: its lines, sorted. */
struct grants_policy {
    char *data; /**< owned; the lines are cut out of it */
    const char **lines;
    size_t line_count;
};

/** printf into memory of *grants. */
const char *grants_format(struct grants *grants, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/** The same, as a grant. */
void grants_add(struct grants *grants, const char *format, ...) __attribute__((format(printf, 2, 3)));
/** A zeroed array of that many bytes, kept like a text. */
uint8_t *grants_room(struct grants *grants, size_t bytes);
/** A name of the image's with only what a name may have: at most `bytes` of it, up to a NUL. */
const char *grants_name(struct grants *grants, const char *name, size_t bytes);
/** Join roles by "+", in order; either may be NULL. The same one twice counts once. */
const char *grants_join(struct grants *grants, const char *roles, const char *role);
void grants_free(struct grants *grants);

/** Read a policy's text, which is copied. Returns ERR_FORMAT and says why in *findings. */
ERR_CHECKED enum err grants_read_policy(struct grants_policy *policy, const char *text, size_t bytes,
                                        struct findings *findings);
void grants_free_policy(struct grants_policy *policy);

/** What the policy says behind "KEY: ", or NULL. The first such line counts. */
const char *grants_policy_value(const struct grants_policy *policy, const char *key);
/** The next line at or behind *index that starts with `prefix`, or NULL; *index goes behind it. */
const char *grants_policy_next(const struct grants_policy *policy, const char *prefix, size_t *index);

/** Compare: violations for what only one of both has. Sorts the grants. */
void grants_compare(struct grants *grants, const struct grants_policy *policy, struct findings *findings);
