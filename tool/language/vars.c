/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/language/vars.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"

/* Bounds what a hostile description can cost. */
#define MAX_NESTING 8u
#define MAX_TEXT_BYTES 65536u

struct expansion {
    const struct vars *vars;
    struct diag *diag;
    struct loc loc;
    const char *what;
    char *out;
    size_t length;
    bool failed; /* one report per attribute */
};

static size_t name_length(const char *text)
{
    size_t length = 0;

    while (isalnum((unsigned char)text[length]) || text[length] == '_') {
        length++;
    }
    return isdigit((unsigned char)text[0]) ? 0 : length;
}

bool vars_define(struct vars *vars, const char *assignment)
{
    size_t length = name_length(assignment);

    if (length == 0 || assignment[length] != '=') {
        return false;
    }
    vars->names = mem_grow(vars->names, vars->count, sizeof(vars->names[0]));
    vars->values = mem_grow(vars->values, vars->count, sizeof(vars->values[0]));
    vars->named = mem_grow(vars->named, vars->count, sizeof(vars->named[0]));
    vars->named[vars->count] = false;
    vars->names[vars->count] = mem_strndup(assignment, length);
    vars->values[vars->count++] = mem_strdup(&assignment[length + 1]);
    return true;
}

const char *vars_get(const struct vars *vars, const char *name)
{
    for (size_t i = vars->count; i > 0; i--) {
        if (strcmp(vars->names[i - 1], name) == 0) {
            return vars->values[i - 1];
        }
    }
    return vars->use_environment ? getenv(name) : NULL;
}

void vars_note(const struct vars *vars, const char *text)
{
    for (const char *at = text; at != NULL && (at = strstr(at, "${")) != NULL; at += 2) {
        size_t length = name_length(at + 2);

        for (size_t i = 0; i < vars->count; i++) {
            vars->named[i] = vars->named[i] || (strlen(vars->names[i]) == length &&
                                                memcmp(vars->names[i], at + 2, length) == 0);
        }
    }
    for (size_t i = 0; text == NULL && i < vars->count; i++) {
        vars->named[i] = true;
    }
}

const char *vars_unnamed(const struct vars *vars, size_t *index)
{
    while (*index < vars->count) {
        size_t i = (*index)++;

        if (!vars->named[i]) {
            return vars->names[i];
        }
    }
    return NULL;
}

void vars_free(struct vars *vars)
{
    for (size_t i = 0; i < vars->count; i++) {
        free(vars->names[i]);
        free(vars->values[i]);
    }
    free(vars->names);
    free(vars->values);
    free(vars->named);
    *vars = (struct vars){0};
}

static void fail(struct expansion *expansion, const char *wrong, const char *detail)
{
    if (!expansion->failed) {
        diag_error(expansion->diag, expansion->loc, "%s: %s%s", expansion->what, wrong, detail);
        expansion->failed = true;
    }
}

static void append(struct expansion *expansion, const char *text, size_t length)
{
    if (length > MAX_TEXT_BYTES - expansion->length) {
        fail(expansion, "with its variables replaced it is longer than 64 KiB", "");
        return;
    }
    memcpy(&expansion->out[expansion->length], text, length);
    expansion->length += length;
}

/* The "}" that ends the reference whose inside starts at `text`, or NULL. */
static const char *find_end(const char *text, const char *end)
{
    unsigned int depth = 1;

    for (; text < end; text++) {
        if (text[0] == '$' && text + 1 < end && text[1] == '{') {
            depth++;
        } else if (text[0] == '}' && --depth == 0) {
            return text;
        }
    }
    return NULL;
}

static void expand(struct expansion *expansion, const char *text, const char *end, unsigned int depth);

static void fail_unset(struct expansion *expansion, const char *name)
{
    char *rest =
        mem_printf("\"%s\" is not set; give it with -D %s=value or in the environment, or write a default: "
                   "${%s:-default}",
                   name, name, name);

    fail(expansion, "variable ", rest);
    free(rest);
}

/* The inside of ${...}. */
static void expand_reference(struct expansion *expansion, const char *text, const char *end,
                             unsigned int depth)
{
    size_t length = name_length(text);
    char *name = mem_strndup(text, length < 64 ? length : 64);
    const char *value = vars_get(expansion->vars, name);
    const char *rest = text + length;
    bool has_default = end - rest >= 2 && rest[0] == ':' && rest[1] == '-';

    if (length == 0 || length >= 64 || (rest != end && !has_default)) {
        fail(expansion, "malformed variable; write ${NAME} or ${NAME:-default}", "");
    } else if (value != NULL && (value[0] != '\0' || !has_default)) {
        append(expansion, value, strlen(value));
    } else if (has_default) {
        expand(expansion, rest + 2, end, depth - 1);
    } else {
        fail_unset(expansion, name);
    }
    free(name);
}

static void expand(struct expansion *expansion, const char *text, const char *end, unsigned int depth)
{
    if (depth == 0) {
        fail(expansion, "variables are nested deeper than 8 levels", "");
        return;
    }
    while (text < end && !expansion->failed) {
        if (text[0] == '$' && text + 1 < end && text[1] == '$') {
            append(expansion, "$", 1);
            text += 2;
        } else if (text[0] == '$' && text + 1 < end && text[1] == '{') {
            const char *closing = find_end(text + 2, end);

            if (closing == NULL) {
                fail(expansion, "a variable lacks its closing \"}\"", "");
                return;
            }
            expand_reference(expansion, text + 2, closing, depth);
            text = closing + 1;
        } else {
            append(expansion, text++, 1);
        }
    }
}

char *vars_expand(const struct vars *vars, struct diag *diag, struct loc loc, const char *what,
                  const char *text, bool *failed)
{
    struct expansion expansion = {.vars = vars, .diag = diag, .loc = loc, .what = what};
    char *result;

    *failed = false;
    if (strchr(text, '$') == NULL) {
        return mem_strdup(text);
    }
    expansion.out = mem_zalloc(MAX_TEXT_BYTES + 1);
    expand(&expansion, text, text + strlen(text), MAX_NESTING);
    result = mem_strndup(expansion.out, expansion.length);
    free(expansion.out);
    *failed = expansion.failed;
    return result;
}
