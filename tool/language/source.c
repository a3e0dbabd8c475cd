/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/language/source.h"

#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"

#define MAX_INCLUDE_DEPTH 16u

/* A file being read, and the one that includes it. */
struct frame {
    const char *path;
    const struct frame *includer;
    unsigned int depth;
};

struct preparation {
    struct source *source;
    struct diag *diag;
    const struct vars *vars;
    size_t element_count; /* of all files, so that includes cannot multiply without bound */
    bool may_include;
};

static void prepare(struct preparation *preparation, struct xml_element *element, const struct frame *frame);

static void expand_variables(struct preparation *preparation, struct xml_element *element)
{
    for (size_t i = 0; i < element->attribute_count; i++) {
        struct xml_attribute *attribute = &element->attributes[i];
        char *what = mem_printf("<%s>: %s", element->name, attribute->name);

        vars_note(preparation->vars, attribute->value);
        char *value = vars_expand(preparation->vars, preparation->diag, attribute->loc, what,
                                  attribute->value, &attribute->broken);

        free(what);
        free(attribute->value);
        attribute->value = value;
    }
}

/* Takes the attribute away too: it means the same everywhere and is no element's own. */
static bool take_enabled(struct preparation *preparation, struct xml_element *element)
{
    struct xml_attribute *enabled = xml_find(element, "enabled");
    bool is_off;

    if (enabled == NULL) {
        return true;
    }
    is_off = strcmp(enabled->value, "false") == 0;
    if (!is_off && !enabled->broken && strcmp(enabled->value, "true") != 0) {
        diag_error(preparation->diag, enabled->loc, "<%s>: enabled=\"%.80s\" is neither true nor false",
                   element->name, enabled->value);
    }
    free(enabled->name);
    free(enabled->value);

    size_t index = (size_t)(enabled - element->attributes);

    memmove(enabled, enabled + 1, (--element->attribute_count - index) * sizeof(*enabled));
    return !is_off;
}

/* What is left out may name variables too: then it is no mistake to give them. */
static void note_variables(const struct preparation *preparation, const struct xml_element *element)
{
    for (size_t i = 0; i < element->attribute_count; i++) {
        vars_note(preparation->vars, element->attributes[i].value);
    }
    for (size_t i = 0; i < element->child_count; i++) {
        note_variables(preparation, element->children[i]);
    }
    if (strcmp(element->name, "include") == 0) {
        vars_note(preparation->vars, NULL);
    }
}

static void note_disabled(struct source *source, const struct xml_element *element,
                          const struct xml_element *parent)
{
    const struct xml_attribute *name = xml_find(element, "name");
    const struct xml_attribute *parent_name = xml_find(parent, "name");

    source->disabled = mem_grow(source->disabled, source->disabled_count, sizeof(source->disabled[0]));
    source->disabled[source->disabled_count++] = (struct source_disabled){
        .element = mem_strdup(element->name),
        .name = name == NULL ? NULL : mem_strdup(name->value),
        .parent = parent_name == NULL ? NULL : mem_strdup(parent_name->value),
        .loc = element->loc,
    };
}

/* Paths in a description are relative to the file they stand in. */
static char *resolve_path(const struct frame *frame, const char *path)
{
    const char *slash = path[0] == '/' ? NULL : strrchr(frame->path, '/');

    return slash == NULL ? mem_strdup(path)
                         : mem_printf("%.*s/%s", (int)(slash - frame->path), frame->path, path);
}

static bool includes_itself(const struct frame *frame, const char *path)
{
    while (frame != NULL && strcmp(frame->path, path) != 0) {
        frame = frame->includer;
    }
    return frame != NULL;
}

static struct xml_element *read_fragment(struct preparation *preparation, const struct xml_element *include,
                                         const struct xml_attribute *attribute, const struct frame *frame)
{
    struct diag *diag = preparation->diag;
    size_t bytes;
    char *text = xml_load(diag, attribute->loc, "<include>: ", frame->path, &bytes);
    struct xml_element *root = text == NULL ? NULL : xml_read_text(diag, frame->path, text, bytes);

    free(text);
    if (root == NULL) {
        return NULL;
    }
    if (strcmp(root->name, "fragment") != 0 || root->attribute_count > 0) {
        diag_error(diag, root->loc,
                   "<%s>: a file to include has one <fragment> without attributes around all", root->name);
        diag_note(diag, include->loc, "it is included here");
        xml_free(root);
        return NULL;
    }
    return root;
}

/* The <fragment> that an <include> stands for, prepared; NULL after an error. */
static struct xml_element *include_file(struct preparation *preparation, const struct xml_element *include,
                                        const struct frame *frame)
{
    const struct xml_attribute *path = xml_find(include, "path");
    struct diag *diag = preparation->diag;
    struct xml_element *root = NULL;

    if (path == NULL || include->attribute_count != 1 || include->child_count > 0) {
        diag_error(diag, include->loc, "<include>: it takes one attribute, path, and contains nothing");
        return NULL;
    }
    if (!preparation->may_include) {
        diag_error(diag, include->loc, "<include>: not allowed here");
        return NULL;
    }

    char *resolved = resolve_path(frame, path->value);
    struct frame inner = {.path = resolved, .includer = frame, .depth = frame->depth + 1};

    if (includes_itself(frame, resolved)) {
        diag_error(diag, path->loc, "<include>: \"%s\" includes itself", path->value);
    } else if (inner.depth > MAX_INCLUDE_DEPTH) {
        diag_error(diag, path->loc, "<include>: files are included more than %u deep", MAX_INCLUDE_DEPTH);
    } else {
        root = read_fragment(preparation, include, path, &inner);
    }
    if (root != NULL) {
        prepare(preparation, root, &inner);
    }
    free(resolved);
    return root;
}

static void adopt(struct xml_element ***children, size_t *count, struct xml_element *child)
{
    *children = mem_grow(*children, *count, sizeof(**children));
    (*children)[(*count)++] = child;
}

static void adopt_all(struct xml_element ***children, size_t *count, struct xml_element *fragment)
{
    for (size_t i = 0; i < fragment->child_count; i++) {
        adopt(children, count, fragment->children[i]);
    }
    fragment->child_count = 0;
    xml_free(fragment);
}

/* Replace the children by what remains of them. */
static void prepare_children(struct preparation *preparation, struct xml_element *element,
                             const struct frame *frame)
{
    struct xml_element **kept = NULL;
    size_t kept_count = 0;

    for (size_t i = 0; i < element->child_count; i++) {
        struct xml_element *child = element->children[i];

        expand_variables(preparation, child);
        if (!take_enabled(preparation, child)) {
            note_variables(preparation, child);
            note_disabled(preparation->source, child, element);
            xml_free(child);
        } else if (strcmp(child->name, "include") == 0) {
            struct xml_element *fragment = include_file(preparation, child, frame);

            xml_free(child);
            if (fragment != NULL) {
                adopt_all(&kept, &kept_count, fragment);
            }
        } else {
            prepare(preparation, child, frame);
            adopt(&kept, &kept_count, child);
        }
    }
    free(element->children);
    element->children = kept;
    element->child_count = kept_count;
}

static void prepare(struct preparation *preparation, struct xml_element *element, const struct frame *frame)
{
    if (++preparation->element_count == XML_MAX_ELEMENTS) {
        diag_error(preparation->diag, element->loc, "<%s>: too many elements with those included",
                   element->name);
    }
    if (preparation->element_count >= XML_MAX_ELEMENTS) {
        preparation->may_include = false;
        return;
    }
    prepare_children(preparation, element, frame);
}

static void prepare_root(struct source *source, struct diag *diag, const struct vars *vars, const char *path,
                         bool may_include)
{
    struct preparation preparation = {
        .source = source,
        .diag = diag,
        .vars = vars,
        .may_include = may_include,
    };
    struct frame frame = {.path = path};

    if (source->root != NULL) {
        expand_variables(&preparation, source->root);
        prepare(&preparation, source->root, &frame);
    }
}

void source_read_file(struct source *source, struct diag *diag, const struct vars *vars, const char *path)
{
    *source = (struct source){.root = xml_read_file(diag, path)};
    prepare_root(source, diag, vars, path, true);
}

void source_read_text(struct source *source, struct diag *diag, const struct vars *vars, const char *name,
                      const char *text, size_t bytes)
{
    *source = (struct source){.root = xml_read_text(diag, name, text, bytes)};
    prepare_root(source, diag, vars, name, false);
}

void source_free(struct source *source)
{
    xml_free(source->root);
    for (size_t i = 0; i < source->disabled_count; i++) {
        free(source->disabled[i].element);
        free(source->disabled[i].name);
        free(source->disabled[i].parent);
    }
    free(source->disabled);
    *source = (struct source){0};
}

const struct source_disabled *source_find_disabled(const struct source *source, const char *element,
                                                   const char *name)
{
    for (size_t i = 0; i < source->disabled_count; i++) {
        const struct source_disabled *disabled = &source->disabled[i];

        if (strcmp(disabled->element, element) == 0 &&
            (name == NULL || (disabled->name != NULL && strcmp(disabled->name, name) == 0))) {
            return disabled;
        }
    }
    return NULL;
}
