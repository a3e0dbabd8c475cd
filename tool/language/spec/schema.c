/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/language/spec/schema.h"

#include <string.h>

#define MAX_SPECS 64u

/* Every kind of element there is, each once. */
struct specs {
    const struct element_spec *list[MAX_SPECS];
    size_t count;
};

static size_t index_of(const struct specs *specs, const struct element_spec *spec)
{
    size_t i = 0;

    while (i < specs->count && specs->list[i] != spec) {
        i++;
    }
    return i;
}

static void collect(struct specs *specs, const struct element_spec *spec)
{
    if (spec->unsupported != NULL || specs->count == MAX_SPECS || index_of(specs, spec) < specs->count) {
        return;
    }
    specs->list[specs->count++] = spec;
    for (size_t i = 0; i < spec->child_count; i++) {
        collect(specs, spec->children[i].spec);
    }
}

static void print_escaped(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

static void print_documentation(const char *doc, const char *fallback, const char *indent, FILE *out)
{
    fprintf(out, "%s<a:documentation>", indent);
    print_escaped(doc, out);
    if (fallback != NULL) {
        fputs(" [", out);
        print_escaped(fallback, out);
        fputs("]", out);
    }
    fputs("</a:documentation>\n", out);
}

static void print_pattern(const char *pattern, FILE *out)
{
    fprintf(out, "        <data type=\"string\"><param name=\"pattern\">%s</param></data>\n", pattern);
}

static void print_value(const struct attr_spec *attr, FILE *out)
{
    static const char *const yes_no[] = {"false", "true", NULL};
    const char *const *choices = attr->type == ATTR_BOOL ? yes_no : attr->choices;

    if (choices == NULL && attr->type != ATTR_NUMBER && attr->type != ATTR_SIZE && attr->type != ATTR_PERMS) {
        fputs("      <text/>\n", out);
        return;
    }
    fputs("      <choice>\n", out);
    for (size_t i = 0; choices != NULL && choices[i] != NULL; i++) {
        fprintf(out, "        <value>%s</value>\n", choices[i]);
    }
    if (attr->type == ATTR_NUMBER) {
        print_pattern("[0-9][0-9_]*|0[xX][0-9a-fA-F_]+", out);
    } else if (attr->type == ATTR_SIZE) {
        print_pattern("([0-9][0-9_]*|0[xX][0-9a-fA-F_]+)([KMGkmg](iB)?)?", out);
    } else if (attr->type == ATTR_PERMS) {
        print_pattern("[rwx]{1,3}", out);
    }
    fputs("        <ref name=\"variable\"/>\n      </choice>\n", out);
}

static void print_attribute(const struct attr_spec *attr, FILE *out)
{
    if (attr->unsupported != NULL) {
        return;
    }
    fprintf(out, "    %s<attribute name=\"%s\">\n", attr->required ? "" : "<optional>", attr->name);
    print_documentation(attr->doc, attr->fallback, "      ", out);
    print_value(attr, out);
    fprintf(out, "    </attribute>%s\n", attr->required ? "" : "</optional>");
}

static void print_define(const struct specs *specs, size_t index, FILE *out)
{
    const struct element_spec *spec = specs->list[index];

    fprintf(out, "\n  <define name=\"%s.%zu\"><element name=\"%s\">\n", spec->name, index, spec->name);
    print_documentation(spec->doc, NULL, "    ", out);
    if (index > 0) {
        fputs("    <ref name=\"enabled\"/>\n", out);
    }
    for (size_t i = 0; i < spec->attr_count; i++) {
        print_attribute(&spec->attrs[i], out);
    }
    fputs("    <zeroOrMore><choice>\n      <ref name=\"include\"/>\n", out);
    for (size_t i = 0; i < spec->child_count; i++) {
        size_t child = index_of(specs, spec->children[i].spec);

        if (child < specs->count) {
            fprintf(out, "      <ref name=\"%s.%zu\"/>\n", specs->list[child]->name, child);
        }
    }
    fputs("    </choice></zeroOrMore>\n  </element></define>\n", out);
}

static void print_fragment(const struct specs *specs, FILE *out)
{
    fputs("\n  <define name=\"fragment\"><element name=\"fragment\">\n", out);
    print_documentation("The root of a file to include.", NULL, "    ", out);
    fputs("    <zeroOrMore><choice>\n      <ref name=\"include\"/>\n", out);
    for (size_t i = 1; i < specs->count; i++) {
        fprintf(out, "      <ref name=\"%s.%zu\"/>\n", specs->list[i]->name, i);
    }
    fputs("    </choice></zeroOrMore>\n  </element></define>\n", out);
}

void schema_print(const struct element_spec *root, FILE *out)
{
    struct specs specs = {0};

    collect(&specs, root);
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<!-- SPDX-License-Identifier: BSD-2-Clause -->\n"
          "<!-- Made by `causeway schema`; don't edit. -->\n"
          "<grammar xmlns=\"http://relaxng.org/ns/structure/1.0\"\n"
          "         xmlns:a=\"http://relaxng.org/ns/compatibility/annotations/1.0\"\n"
          "         datatypeLibrary=\"http://www.w3.org/2001/XMLSchema-datatypes\">\n",
          out);
    fprintf(out, "  <start><choice><ref name=\"%s.0\"/><ref name=\"fragment\"/></choice></start>\n\n",
            root->name);
    fputs("  <define name=\"variable\">\n"
          "    <data type=\"string\"><param name=\"pattern\">.*[$]\\{.*\\}.*</param></data>\n"
          "  </define>\n\n"
          "  <define name=\"enabled\">\n"
          "    <optional><attribute name=\"enabled\">\n"
          "      <a:documentation>whether the element is there at all [true]</a:documentation>\n"
          "      <choice><value>true</value><value>false</value><ref name=\"variable\"/></choice>\n"
          "    </attribute></optional>\n"
          "  </define>\n\n"
          "  <define name=\"include\"><element name=\"include\">\n"
          "    <a:documentation>Stands for what is inside the fragment of another file.</a:documentation>\n"
          "    <ref name=\"enabled\"/>\n"
          "    <attribute name=\"path\"/>\n"
          "  </element></define>\n",
          out);
    for (size_t i = 0; i < specs.count; i++) {
        print_define(&specs, i, out);
    }
    print_fragment(&specs, out);
    fputs("</grammar>\n", out);
}

static void help_attribute(const struct attr_spec *attr, FILE *out)
{
    char kind[ATTR_ERROR_BYTES];

    if (attr->unsupported != NULL) {
        return;
    }
    attr_describe(attr, kind);
    fprintf(out, "  %s: %s%s\n      %s", attr->name, kind, attr->required ? " (required)" : "", attr->doc);
    if (attr->fallback != NULL) {
        fprintf(out, " [%s]", attr->fallback);
    }
    fputc('\n', out);
}

static void help_element(const struct element_spec *spec, FILE *out)
{
    fprintf(out, "<%s>\n%s\n", spec->name, spec->doc);
    if (spec->attr_count > 0) {
        fputs("\nattributes:\n", out);
    }
    for (size_t i = 0; i < spec->attr_count; i++) {
        help_attribute(&spec->attrs[i], out);
    }
    if (spec->child_count > 0) {
        fputs("\ncontains:", out);
    }
    for (size_t i = 0; i < spec->child_count; i++) {
        if (spec->children[i].spec->unsupported == NULL) {
            fprintf(out, " <%s>", spec->children[i].spec->name);
        }
    }
    fputs(spec->child_count > 0 ? "\n" : "", out);
}

bool schema_help(const struct element_spec *root, const char *name, FILE *out)
{
    struct specs specs = {0};
    bool found = false;

    collect(&specs, root);
    for (size_t i = 0; i < specs.count; i++) {
        if (strcmp(specs.list[i]->name, name) == 0) {
            fputs(found ? "\n" : "", out);
            help_element(specs.list[i], out);
            found = true;
        }
    }
    return found;
}

void schema_list(const struct element_spec *root, FILE *out)
{
    struct specs specs = {0};

    collect(&specs, root);
    for (size_t i = 0; i < specs.count; i++) {
        const struct element_spec *spec = specs.list[i];
        bool again = false;

        for (size_t j = 0; j < i; j++) {
            again = again || strcmp(specs.list[j]->name, spec->name) == 0;
        }
        if (!again) {
            fprintf(out, "  %-18s %s\n", spec->name, spec->doc);
        }
    }
}

/* A cell of a table: no "|", and "<" as it stands. */
static void print_cell(const char *text, FILE *out)
{
    for (; *text != '\0'; text++) {
        if (*text == '|' || *text == '*' || *text == '<') {
            fputc('\\', out);
        }
        fputc(*text, out);
    }
}

static void reference_attribute(const struct attr_spec *attr, FILE *out)
{
    char kind[ATTR_ERROR_BYTES];

    if (attr->unsupported != NULL) {
        return;
    }
    attr_describe(attr, kind);
    fprintf(out, "| `%s` | ", attr->name);
    print_cell(kind, out);
    if (attr->required) {
        fputs(" | required | ", out);
    } else if (attr->fallback != NULL) {
        fprintf(out, " | `%s` | ", attr->fallback);
    } else {
        fputs(" | | ", out);
    }
    print_cell(attr->doc, out);
    fputs(" |\n", out);
}

static void reference_parents(const struct specs *specs, const struct element_spec *spec, FILE *out)
{
    const char *separator = " Inside ";
    const char *last = NULL;

    for (size_t i = 0; i < specs->count; i++) {
        for (size_t j = 0; j < specs->list[i]->child_count; j++) {
            const struct element_child *child = &specs->list[i]->children[j];

            /* A child <protection_domain> is another element than one at the top, of the same name. */
            if (child->spec == spec && (last == NULL || strcmp(last, specs->list[i]->name) != 0)) {
                fprintf(out, "%s`<%s>`", separator, specs->list[i]->name);
                separator = ", ";
                last = specs->list[i]->name;
            }
        }
    }
    fputs(separator[0] == ',' ? ".\n" : "\n", out);
}

static void reference_element(const struct specs *specs, const struct element_spec *spec, FILE *out)
{
    fprintf(out, "\n## `<%s>`\n\n", spec->name);
    print_cell(spec->doc, out);
    reference_parents(specs, spec, out);
    if (spec->attr_count > 0) {
        fputs("\n| attribute | value | default | |\n|---|---|---|---|\n", out);
    }
    for (size_t i = 0; i < spec->attr_count; i++) {
        reference_attribute(&spec->attrs[i], out);
    }
}

void schema_reference(const struct element_spec *root, FILE *out)
{
    struct specs specs = {0};

    collect(&specs, root);
    fputs("<!-- SPDX-License-Identifier: BSD-2-Clause -->\n"
          "<!-- Made by `causeway help --markdown`; don't edit. -->\n"
          "# Elements of system descriptions\n\n"
          "[descriptions.md](descriptions.md) explains how they go together. Every element but `<system>` "
          "takes\n"
          "`enabled=\"false\"`, which leaves it out with all that is inside.\n",
          out);
    for (size_t i = 0; i < specs.count; i++) {
        reference_element(&specs, specs.list[i], out);
    }
}
