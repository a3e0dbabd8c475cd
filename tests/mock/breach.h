/* SPDX-License-Identifier: BSD-2-Clause */
/** Ways to break a sound image, at least one for each rule of `causeway verify`, for test_verify_rules.c. */
#pragma once

#include <stddef.h>

#include "tests/mock/verify_forge.h"
#include "verify/image/findings.h"

/** One way. */
struct breach {
    const char *name;
    void (*apply)(struct forge *forge);
    enum findings_rule rule; /**< that is broken */
    const char *domain;      /**< who the finding has to name */
};

/** What translation tables and declaration may get wrong. */
extern const struct breach breach_memory[];
extern const size_t breach_memory_count;

/** What the rows of the system descriptor may get wrong. */
extern const struct breach breach_rows[];
extern const size_t breach_rows_count;
