/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * XML files as trees whose elements and attributes know their line and column.
 *
 * libxml2 does the parsing; its SAX events are turned into this tree because its own keeps no columns and no
 * places of attributes. Accepted is UTF-8 XML 1.0 without a document type (so no entities beyond the five
 * predefined ones: a description cannot read files or expand without bound), without namespaces and without
 * text between elements.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tool/base/diag.h"

/** No description needs more; keeps a hostile one from exhausting the machine through includes. */
#define XML_MAX_ELEMENTS 20000u
#define XML_MAX_FILE_BYTES (16u * 1024u * 1024u)

struct xml_attribute {
    char *name;
    char *value; /**< entities resolved */
    struct loc loc;
    bool broken; /**< an error about the value was reported: don't use it */
};

struct xml_element {
    char *name;
    struct loc loc; /**< of its "<" */
    struct xml_attribute *attributes;
    size_t attribute_count;
    struct xml_element **children; /**< owned */
    size_t child_count;
};

/**
 * Read a file and return its root, to be freed with xml_free(); NULL after at least one error was reported.
 * Text between elements is reported too, but the tree is there, for what else may be wrong.
 */
struct xml_element *xml_read_file(struct diag *diag, const char *path);

/** The same for `bytes` bytes of text in memory that messages call `name`. */
struct xml_element *xml_read_text(struct diag *diag, const char *name, const char *text, size_t bytes);

/** Free an element with its children; NULL is fine. */
void xml_free(struct xml_element *element);

/** The attribute of that name, or NULL. */
struct xml_attribute *xml_find(const struct xml_element *element, const char *name);

/** Elements in the tree, itself included. */
size_t xml_count(const struct xml_element *element);

/** A whole file as a NUL-terminated string; NULL after an error, starting with `what`, was reported at `loc`.
 */
char *xml_load(struct diag *diag, struct loc loc, const char *what, const char *path, size_t *bytes);
