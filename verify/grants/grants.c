/* SPDX-License-Identifier: BSD-2-Clause */
/* What an image grants, line by line, and what a policy says about it. */
#include "verify/grants/grants.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEADER "causeway-policy 1"
#define POLICY_MAX_BYTES (16u << 20)
#define KEY_BYTES 200u
#define DIFFERENCE_BYTES 400u

static const char *format_text(struct grants *grants, const char *format, va_list arguments)
{
    char *text = NULL;
    if (vasprintf(&text, format, arguments) < 0) {
        abort();
    }
    grants->texts = findings_grow(grants->texts, grants->text_count, sizeof *grants->texts);
    grants->texts[grants->text_count++] = text;
    return text;
}

const char *grants_format(struct grants *grants, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = format_text(grants, format, arguments);
    va_end(arguments);
    return text;
}

uint8_t *grants_room(struct grants *grants, size_t bytes)
{
    char *room = calloc(1, bytes);
    if (room == NULL) {
        abort();
    }
    grants->texts = findings_grow(grants->texts, grants->text_count, sizeof *grants->texts);
    grants->texts[grants->text_count++] = room;
    return (uint8_t *)room;
}

void grants_add(struct grants *grants, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const char *text = format_text(grants, format, arguments);
    va_end(arguments);
    grants->lines = findings_grow(grants->lines, grants->line_count, sizeof *grants->lines);
    grants->lines[grants->line_count++] = text;
}

const char *grants_name(struct grants *grants, const char *name, size_t bytes)
{
    const char *text = grants_format(grants, "%.*s", (int)strnlen(name, bytes), name);
    for (char *at = grants->texts[grants->text_count - 1]; *at != '\0'; at++) {
        *at = (char)(*at > ' ' && *at < 127 ? *at : '?');
    }
    return text;
}

/** Whether `role` is one of `roles`, or the first of them comes behind it. */
static bool has_role(const char *roles, const char *role)
{
    size_t length = strlen(role);
    for (const char *at = roles; at != NULL; at = strchr(at, '+')) {
        at += *at == '+';
        if (strncmp(at, role, length) == 0 && (at[length] == '+' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

const char *grants_join(struct grants *grants, const char *roles, const char *role)
{
    const char *at = roles;
    if (roles == NULL || role == NULL || has_role(roles, role)) {
        return roles == NULL ? role : roles;
    }
    while (at != NULL) {
        size_t length = strcspn(at, "+");
        if (strncmp(at, role, length) > 0 || (strncmp(at, role, length) == 0 && strlen(role) < length)) {
            return grants_format(grants, "%.*s%s+%s", (int)(at - roles), roles, role, at);
        }
        at = at[length] == '+' ? at + length + 1 : NULL;
    }
    return grants_format(grants, "%s+%s", roles, role);
}

void grants_free(struct grants *grants)
{
    for (size_t i = 0; i < grants->text_count; i++) {
        free(grants->texts[i]);
    }
    free(grants->texts);
    free(grants->lines);
    *grants = (struct grants){0};
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err grants_read_policy(struct grants_policy *policy, const char *text, size_t bytes,
                            struct findings *findings)
{
    char *rest;
    char *line;
    *policy = (struct grants_policy){0};
    if (bytes > POLICY_MAX_BYTES || memchr(text, '\0', bytes) != NULL) {
        return findings_malformed(findings, "the policy is no text, or longer than %u MiB",
                                  POLICY_MAX_BYTES >> 20);
    }
    policy->data = strndup(text, bytes);
    if (policy->data == NULL) {
        return findings_malformed(findings, "out of memory");
    }
    rest = policy->data;
    line = strsep(&rest, "\n");
    if (strcmp(line, HEADER) != 0) {
        return findings_malformed(findings, "the policy does not start with \"" HEADER "\"");
    }
    while ((line = strsep(&rest, "\n")) != NULL) {
        char kind[32];
        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        (void)snprintf(kind, sizeof kind, "%.*s", (int)strcspn(line, " :"), line);
        if (findings_policy_rule(kind) == RULE_COUNT) {
            return findings_malformed(findings, "the policy has a line of an unknown kind, \"%.40s\"", line);
        }
        policy->lines = findings_grow(policy->lines, policy->line_count, sizeof *policy->lines);
        policy->lines[policy->line_count++] = line;
    }
    if (policy->line_count == 0) {
        return findings_malformed(findings, "the policy is empty");
    }
    qsort(policy->lines, policy->line_count, sizeof *policy->lines, compare_lines);
    return ERR_OK;
}

void grants_free_policy(struct grants_policy *policy)
{
    free(policy->data);
    free(policy->lines);
    *policy = (struct grants_policy){0};
}

const char *grants_policy_next(const struct grants_policy *policy, const char *prefix, size_t *index)
{
    while (*index < policy->line_count) {
        const char *line = policy->lines[(*index)++];
        if (strncmp(line, prefix, strlen(prefix)) == 0) {
            return line;
        }
    }
    return NULL;
}

const char *grants_policy_value(const struct grants_policy *policy, const char *key)
{
    char prefix[KEY_BYTES];
    size_t index = 0;
    (void)snprintf(prefix, sizeof prefix, "%s: ", key);
    const char *line = grants_policy_next(policy, prefix, &index);
    return line == NULL ? NULL : line + strlen(prefix);
}

/** Where a line's value starts, behind "KEY: "; its end if it has none. */
static const char *value_of(const char *line)
{
    const char *colon = strstr(line, ": ");
    return colon == NULL ? line + strlen(line) : colon + 2;
}

static enum findings_rule rule_of(const char *line)
{
    char kind[32];
    (void)snprintf(kind, sizeof kind, "%.*s", (int)strcspn(line, " :"), line);
    return findings_policy_rule(kind);
}

/** The separator of what a line's value lists. */
static const char *separator_of(const char *line)
{
    return strncmp(line, "memory ", 7) == 0 || strncmp(line, "device ", 7) == 0 ? "; " : " ";
}

/** Whether the list `value` has the `length` characters at `item`. */
static bool list_has(const char *value, const char *separator, const char *item, size_t length)
{
    for (const char *at = value; at != NULL;) {
        const char *end = strstr(at, separator);
        size_t own = end == NULL ? strlen(at) : (size_t)(end - at);
        if (own == length && memcmp(at, item, length) == 0) {
            return true;
        }
        at = end == NULL ? NULL : end + strlen(separator);
    }
    return false;
}

/** Write what the value of `line` has and that of `other` hasn't. Returns how many of the rest both have. */
static unsigned int differences(const char *line, const char *other, char out[DIFFERENCE_BYTES])
{
    const char *separator = separator_of(line);
    unsigned int common = 0;
    size_t used = 0;
    out[0] = '\0';
    for (const char *at = value_of(line); at != NULL;) {
        const char *end = strstr(at, separator);
        size_t length = end == NULL ? strlen(at) : (size_t)(end - at);
        if (list_has(value_of(other), separator, at, length)) {
            common++;
        } else if (used < DIFFERENCE_BYTES) {
            used += (size_t)snprintf(out + used, DIFFERENCE_BYTES - used, "%s%.*s",
                                     used == 0 ? "" : separator, (int)(length < 160 ? length : 160), at);
        }
        at = end == NULL ? NULL : end + strlen(separator);
    }
    if (out[0] == '\0') {
        (void)snprintf(out, DIFFERENCE_BYTES, "nothing");
    }
    return common;
}

static bool has_same_key(const char *a, const char *b)
{
    size_t length = (size_t)(value_of(a) - a);
    return *value_of(a) != '\0' && length == (size_t)(value_of(b) - b) && strncmp(a, b, length) == 0;
}

/** Whether two lines that only one side has are about the same thing. Memory has no key but its holders. */
static bool is_same_subject(const char *a, const char *b)
{
    char ignored[DIFFERENCE_BYTES];
    if (strncmp(a, "memory ", 7) == 0 && strncmp(b, "memory ", 7) == 0) {
        return differences(a, b, ignored) > 0;
    }
    return has_same_key(a, b);
}

static void report_pair(struct findings *findings, const char *image, const char *policy)
{
    char more[DIFFERENCE_BYTES];
    char less[DIFFERENCE_BYTES];
    char subject[KEY_BYTES];
    (void)differences(image, policy, more);
    (void)differences(policy, image, less);
    (void)snprintf(subject, sizeof subject, "%.*s", (int)(value_of(image) - image - 2), image);
    if (strncmp(image, "memory ", 7) == 0) {
        (void)snprintf(subject, sizeof subject, "memory of %.*s", (int)strcspn(value_of(image), ";"),
                       value_of(image));
        findings_add(findings, rule_of(image), "policy", FINDINGS_NO_ADDRESS, subject,
                     "the image has %.*s %s, the policy %.*s %s", (int)strcspn(image + 7, ":"), image + 7,
                     more, (int)strcspn(policy + 7, ":"), policy + 7, less);
        return;
    }
    findings_add(findings, rule_of(image), "policy", FINDINGS_NO_ADDRESS, subject,
                 "the image has %s where the policy has %s", more, less);
}

/** Whether a line is about what is mapped, which a bad mapping changes. */
static bool is_about_memory(const char *line)
{
    static const char *const kinds[] = {"memory ", "constant ", "device ", "stack "};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(line, kinds[i], strlen(kinds[i])) == 0) {
            return true;
        }
    }
    return false;
}

/** The lines that only one of both has. */
struct rest {
    const char **lines;
    size_t count;
};

static void add_rest(struct rest *rest, const char *line)
{
    rest->lines = findings_grow(rest->lines, rest->count, sizeof *rest->lines);
    rest->lines[rest->count++] = line;
}

/** One violation for each thing that the image has more, less, or other than it should. */
static void report(struct findings *findings, struct rest *image, struct rest *policy)
{
    const uint32_t fault = findings_only_fault(findings);
    for (size_t i = 0; i < image->count && findings->count < FINDINGS_MAX; i++) {
        size_t other = 0;
        findings_group(findings, is_about_memory(image->lines[i]) ? fault : 0);
        while (other < policy->count &&
               (policy->lines[other] == NULL || !is_same_subject(image->lines[i], policy->lines[other]))) {
            other++;
        }
        if (other < policy->count) {
            report_pair(findings, image->lines[i], policy->lines[other]);
            policy->lines[other] = NULL;
        } else {
            findings_add(findings, rule_of(image->lines[i]), "policy", FINDINGS_NO_ADDRESS, "",
                         "the image grants \"%.300s\", the policy does not", image->lines[i]);
        }
    }
    for (size_t i = 0; i < policy->count; i++) {
        if (policy->lines[i] != NULL) {
            findings_group(findings, is_about_memory(policy->lines[i]) ? fault : 0);
            findings_add(findings, rule_of(policy->lines[i]), "policy", FINDINGS_NO_ADDRESS, "",
                         "the policy says \"%.300s\", the image has no such thing", policy->lines[i]);
        }
    }
}

void grants_compare(struct grants *grants, const struct grants_policy *policy, struct findings *findings)
{
    struct rest image = {NULL, 0};
    struct rest said = {NULL, 0};
    size_t j = 0;
    if (grants->line_count > 0) {
        qsort(grants->lines, grants->line_count, sizeof *grants->lines, compare_lines);
    }
    for (size_t i = 0; i < grants->line_count || j < policy->line_count;) {
        int order = i == grants->line_count   ? 1
                    : j == policy->line_count ? -1
                                              : strcmp(grants->lines[i], policy->lines[j]);
        if (order < 0) {
            add_rest(&image, grants->lines[i]);
        } else if (order > 0) {
            add_rest(&said, policy->lines[j]);
        }
        i += order <= 0;
        j += order >= 0;
    }
    report(findings, &image, &said);
    findings_group(findings, 0);
    free(image.lines);
    free(said.lines);
}
