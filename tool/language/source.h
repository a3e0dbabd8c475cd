/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A system description as its author meant it: files read, `<include>`s replaced by what they include,
 * variables by their values, and everything with enabled="false" taken out.
 */
#pragma once

#include "tool/language/vars.h"
#include "tool/language/xml.h"

/** Elements that were switched off, to say so when something refers to them. */
struct source_disabled {
    char *element;
    char *name;   /**< NULL: it has no name */
    char *parent; /**< name of the element it stands in, or NULL */
    struct loc loc;
};

struct source {
    struct xml_element *root; /**< NULL if the file couldn't be read at all */
    struct source_disabled *disabled;
    size_t disabled_count;
};

/**
 * Read `path`. Errors are reported; what could be read is in *source, to be freed with source_free().
 * Included files are looked up relative to the file that includes them.
 */
void source_read_file(struct source *source, struct diag *diag, const struct vars *vars, const char *path);

/** The same for text in memory that messages call `name`; includes are refused (fuzzers). */
void source_read_text(struct source *source, struct diag *diag, const struct vars *vars, const char *name,
                      const char *text, size_t bytes);

/** Free all that the source holds, not `source` itself. */
void source_free(struct source *source);

/** The switched-off element of that kind and name (NULL: any), or NULL. */
const struct source_disabled *source_find_disabled(const struct source *source, const char *element,
                                                   const char *name);
