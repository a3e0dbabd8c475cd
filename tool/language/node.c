/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/language/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"
#include "tool/base/suggest.h"

#define LIST_BYTES 512u

void node_free(struct node *node)
{
    if (node == NULL) {
        return;
    }
    for (size_t i = 0; i < node->spec->attr_count; i++) {
        const struct attr_spec *attr = &node->spec->attrs[i];

        if (attr->unsupported == NULL) {
            attr_free(attr, (uint8_t *)node->fields + attr->offset);
        }
    }
    for (size_t i = 0; i < node->child_count; i++) {
        node_free(node->children[i]);
    }
    free(node->children);
    free(node->fields);
    free(node);
}

bool node_has(const struct node *node, const char *attribute)
{
    return xml_find(node->xml, attribute) != NULL;
}

struct loc node_loc(const struct node *node, const char *attribute)
{
    const struct xml_attribute *found = xml_find(node->xml, attribute);

    return found == NULL ? node->loc : found->loc;
}

struct node *node_first(const struct node *node, const struct element_spec *spec)
{
    for (size_t i = 0; i < node->child_count; i++) {
        if (node->children[i]->spec == spec) {
            return node->children[i];
        }
    }
    return NULL;
}

/* Append "a, b, c" piece by piece. */
static void list_add(char *list, const char *prefix, const char *name, const char *suffix)
{
    size_t used = strlen(list);

    (void)snprintf(&list[used], LIST_BYTES - used, "%s%s%s%s", used == 0 ? "" : ", ", prefix, name, suffix);
}

static void suggest_attributes(struct suggest *suggest, const struct element_spec *spec, const char *name)
{
    suggest_start(suggest, name);
    for (size_t i = 0; i < spec->attr_count; i++) {
        if (spec->attrs[i].unsupported == NULL) {
            suggest_offer(suggest, spec->attrs[i].name);
        }
    }
}

static void report_unknown_attribute(struct diag *diag, const struct element_spec *spec,
                                     const struct xml_attribute *attribute)
{
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];
    char known[LIST_BYTES] = "";

    suggest_attributes(&suggest, spec, attribute->name);
    for (size_t i = 0; i < spec->attr_count; i++) {
        if (spec->attrs[i].unsupported == NULL) {
            list_add(known, "", spec->attrs[i].name, "");
        }
    }
    diag_error(diag, attribute->loc, "<%s>: unknown attribute \"%s\"%s", spec->name, attribute->name,
               suggest_text(&suggest, suggestion));
    if (suggest.best == NULL) {
        diag_note(diag, attribute->loc, spec->attr_count == 0 ? "<%s> has no attributes%s" : "<%s> has %s",
                  spec->name, known);
    }
}

static const struct attr_spec *find_attr(const struct element_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->attr_count; i++) {
        if (strcmp(spec->attrs[i].name, name) == 0) {
            return &spec->attrs[i];
        }
    }
    return NULL;
}

/* A misspelt attribute, which has been reported, is taken for the one that it was meant to be, so that nothing
   that follows from it is said as well. NULL: there is none for `attr`. */
static const struct xml_attribute *find_misspelt(const struct node *node, const struct attr_spec *attr)
{
    for (size_t i = 0; i < node->xml->attribute_count; i++) {
        const struct xml_attribute *attribute = &node->xml->attributes[i];
        struct suggest suggest;

        if (find_attr(node->spec, attribute->name) != NULL) {
            continue;
        }
        suggest_attributes(&suggest, node->spec, attribute->name);
        if (suggest.best != NULL && strcmp(suggest.best, attr->name) == 0) {
            return attribute;
        }
    }
    return NULL;
}

static void bind_attribute(struct diag *diag, struct node *node, const struct attr_spec *attr,
                           bool is_foreign)
{
    void *field = (uint8_t *)node->fields + attr->offset;
    const struct xml_attribute *given = xml_find(node->xml, attr->name);

    given = given == NULL ? find_misspelt(node, attr) : given;

    const char *value = given != NULL ? given->value : NULL;
    char error[ATTR_ERROR_BYTES];

    if (given != NULL && attr->former_choice != NULL && strcmp(value, attr->former_choice) == 0) {
        diag_warning(diag, given->loc, "<%s>: %s=\"%s\" is called \"%s\" now", node->spec->name, attr->name,
                     value, attr->choice_now);
        value = attr->choice_now;
    }
    if (given != NULL && !given->broken && attr_parse(attr, value, field, error)) {
        return;
    }
    if (given != NULL && given->broken) {
        node->broken = true;
    } else if (given != NULL) {
        diag_error(diag, given->loc, "<%s>: %s=\"%.80s\" %s", node->spec->name, attr->name, given->value,
                   error);
        node->broken = true;
    } else if (attr->required && !is_foreign) {
        diag_error(diag, node->loc, "<%s>: attribute \"%s\" is missing: %s", node->spec->name, attr->name,
                   attr->doc);
        node->broken = true;
    }
    (void)attr_set_fallback(attr, field);
}

static void bind_attributes(struct diag *diag, struct node *node)
{
    bool is_foreign = false; /* the element is meant for another platform: what is missing doesn't matter */

    for (size_t i = 0; i < node->xml->attribute_count; i++) {
        const struct xml_attribute *attribute = &node->xml->attributes[i];

        const struct attr_spec *attr = find_attr(node->spec, attribute->name);

        if (attr == NULL) {
            report_unknown_attribute(diag, node->spec, attribute);
        } else if (attr->unsupported != NULL) {
            diag_error(diag, attribute->loc, "<%s>: attribute \"%s\" %s", node->spec->name, attr->name,
                       attr->unsupported);
            node->broken = true;
            is_foreign = true;
        }
    }
    for (size_t i = 0; i < node->spec->attr_count; i++) {
        if (node->spec->attrs[i].unsupported == NULL) {
            bind_attribute(diag, node, &node->spec->attrs[i], is_foreign);
        }
    }
}

static const struct element_child *find_child(const struct element_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->child_count; i++) {
        const struct element_spec *child = spec->children[i].spec;

        if (strcmp(child->name, name) == 0 ||
            (child->former_name != NULL && strcmp(child->former_name, name) == 0)) {
            return &spec->children[i];
        }
    }
    return NULL;
}

/* An element that is known, but elsewhere: its parent's name. Depth stops at specs that contain themselves.
 */
static const char *find_home(const struct element_spec *spec, const char *name, unsigned int depth)
{
    const char *home = find_child(spec, name) != NULL ? spec->name : NULL;

    for (size_t i = 0; home == NULL && depth > 0 && i < spec->child_count; i++) {
        home = find_home(spec->children[i].spec, name, depth - 1);
    }
    return home;
}

/* Returns what it was meant to be; NULL: that is not known. */
static const struct element_child *report_unknown_element(struct diag *diag, const struct node *parent,
                                                          const struct xml_element *xml)
{
    const struct node *root = parent;
    struct suggest suggest;
    char suggestion[SUGGEST_TEXT_BYTES];
    char known[LIST_BYTES] = "";
    const char *home;

    while (root->parent != NULL) {
        root = root->parent;
    }
    home = find_home(root->spec, xml->name, 3);
    if (home != NULL) {
        diag_error(diag, xml->loc, "<%s>: cannot be inside <%s>; it belongs in <%s>", xml->name,
                   parent->spec->name, home);
        return NULL;
    }
    suggest_start(&suggest, xml->name);
    for (size_t i = 0; i < parent->spec->child_count; i++) {
        if (parent->spec->children[i].spec->unsupported == NULL) {
            suggest_offer(&suggest, parent->spec->children[i].spec->name);
            list_add(known, "<", parent->spec->children[i].spec->name, ">");
        }
    }
    diag_error(diag, xml->loc, "<%s>: unknown element%s", xml->name, suggest_text(&suggest, suggestion));
    if (suggest.best == NULL) {
        diag_note(diag, parent->loc, known[0] == '\0' ? "<%s> contains no elements%s" : "<%s> may contain %s",
                  parent->spec->name, known);
        return NULL;
    }
    return find_child(parent->spec, suggest.best);
}

static void report_missing(struct diag *diag, const struct node *node, const struct element_child *child,
                           unsigned int count)
{
    if (count == 0 && child->min == 1) {
        diag_error(diag, node->loc, "<%s>: it lacks a <%s> inside", node->spec->name, child->spec->name);
    } else {
        diag_error(diag, node->loc, "<%s>: it has %u <%s> inside but needs %s%u", node->spec->name, count,
                   child->spec->name, child->min == child->max ? "" : "at least ", child->min);
    }
}

static void check_counts(struct diag *diag, struct node *node)
{
    for (size_t i = 0; i < node->spec->child_count; i++) {
        const struct element_child *child = &node->spec->children[i];
        const struct node *first = NULL;
        unsigned int count = 0;

        for (size_t j = 0; j < node->child_count; j++) {
            const struct node *at = node->children[j];

            if (at->spec != child->spec) {
                continue;
            }
            first = first == NULL ? at : first;
            if (++count == child->max + 1 && child->max != 0) {
                diag_error(diag, at->loc, "<%s>: one too many: <%s> takes at most %u", at->spec->name,
                           node->spec->name, child->max);
                diag_note(diag, first->loc, "the first one is here");
                node->broken = true;
            }
            if (count > child->max && child->max != 0) {
                node->children[j]->broken = true; /* expand the first only */
            }
        }
        if (count < child->min) {
            report_missing(diag, node, child, count);
            node->broken = true;
        }
    }
}

static struct node *bind(struct diag *diag, const struct element_spec *spec, const struct xml_element *xml,
                         struct node *parent)
{
    struct node *node = mem_zalloc(sizeof(*node));

    if (spec->former_name != NULL && strcmp(xml->name, spec->former_name) == 0) {
        diag_warning(diag, xml->loc, "<%s>: is called <%s> now", xml->name, spec->name);
    }
    node->spec = spec;
    node->xml = xml;
    node->loc = xml->loc;
    node->parent = parent;
    node->fields = mem_zalloc(spec->fields_bytes);
    bind_attributes(diag, node);
    for (size_t i = 0; i < xml->child_count; i++) {
        const struct element_child *child = find_child(spec, xml->children[i]->name);

        if (child == NULL) {
            child = report_unknown_element(diag, node, xml->children[i]);
        }
        if (child == NULL) {
            continue;
        }
        if (child->spec->unsupported != NULL) {
            diag_error(diag, xml->children[i]->loc, "<%s> %s", child->spec->name, child->spec->unsupported);
        } else {
            struct node *bound = bind(diag, child->spec, xml->children[i], node);

            node->children = mem_grow(node->children, node->child_count, sizeof(node->children[0]));
            node->children[node->child_count++] = bound;
        }
    }
    check_counts(diag, node);
    return node;
}

struct node *node_bind(struct diag *diag, const struct element_spec *spec, const struct xml_element *xml)
{
    return bind(diag, spec, xml, NULL);
}
