/* SPDX-License-Identifier: BSD-2-Clause */
/** Variables of a system description: `${NAME}` and `${NAME:-default}` in attribute values. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tool/base/diag.h"

/** Settings from the command line, in front of the environment. */
struct vars {
    char **names;
    char **values;
    bool *named; /**< whether vars_note() has seen it; beside the constant rest */
    size_t count;
    bool use_environment; /**< off for fuzzers and tests, whose results must not depend on it */
};

/**
 * Take `NAME=value` as `-D` gives it; a later setting of the same name wins.
 * Returns false if it isn't of that form.
 */
bool vars_define(struct vars *vars, const char *assignment);

/** The value of `name`, borrowed, or NULL. */
const char *vars_get(const struct vars *vars, const char *name);

/** Remember which settings `text` names; NULL stands for a text that is not known and may name any. */
void vars_note(const struct vars *vars, const char *text);

/** The first setting, from number *index on, that no text named so far, or NULL; *index goes behind it. */
const char *vars_unnamed(const struct vars *vars, size_t *index);

/** Free the settings, not `vars` itself. */
void vars_free(struct vars *vars);

/**
 * `text` with its variables replaced, malloc'd; `$$` stands for one dollar. Defaults may contain variables.
 * An error is reported at `loc`, starting with `what`, sets *failed and leaves the offending piece out.
 */
char *vars_expand(const struct vars *vars, struct diag *diag, struct loc loc, const char *what,
                  const char *text, bool *failed);
