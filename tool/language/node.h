/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Elements of a system description with their attributes parsed: XML bound to a table that says which
 * elements there are, what they contain and which attributes they take.
 */
#pragma once

#include "tool/base/diag.h"
#include "tool/language/attr.h"
#include "tool/language/xml.h"

struct element_spec;

struct element_child {
    const struct element_spec *spec;
    unsigned int min; /**< how many there have to be */
    unsigned int max; /**< and may be; 0: any number */
};

/** One kind of element. The tables are in lang.c. */
struct element_spec {
    const char *name;
    const char *former_name; /**< accepted with a warning; NULL: none */
    const char *doc;         /**< a sentence or two for help */
    const struct attr_spec *attrs;
    size_t attr_count;
    size_t fields_bytes; /**< size of the struct the attributes go to */
    const struct element_child *children;
    size_t child_count;
    const char *unsupported; /**< not NULL: known to Microkit but not here, and why */
};

struct node {
    const struct element_spec *spec;
    const struct xml_element *xml; /**< borrowed: outlives the node */
    struct loc loc;
    void *fields; /**< the struct of spec->attrs, owned */
    struct node *parent;
    struct node **children; /**< owned; only known ones */
    size_t child_count;
    bool broken; /**< something about its attributes was reported: don't conclude more from them */
};

/**
 * Bind `xml` to `spec` and its children to spec->children, reporting whatever doesn't fit. The result is as
 * complete as the input allows: wrong attributes have their defaults, unknown elements are left out.
 */
struct node *node_bind(struct diag *diag, const struct element_spec *spec, const struct xml_element *xml);

/** Free a node with its children; NULL is fine. */
void node_free(struct node *node);

/** Whether the attribute was written. */
bool node_has(const struct node *node, const char *attribute);

/** The place of an attribute, or of the element if it isn't written. */
struct loc node_loc(const struct node *node, const char *attribute);

/** The first child of that kind, or NULL. */
struct node *node_first(const struct node *node, const struct element_spec *spec);
