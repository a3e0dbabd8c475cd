/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads a system description with libxml2: variables, included files, what is switched off. */
#include "verify/policy/description.h"

#include <ctype.h>
#include <libxml/parser.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16u

static char *const *definitions;
static int definition_count;
static xmlNode *switched_off[1024];
static size_t switched_off_count;

_Noreturn void description_fail(const xmlNode *node, const char *format, ...)
{
    va_list arguments;

    fputs("causeway-policy: ", stderr);
    if (node != NULL) {
        fprintf(stderr, "%s:%ld: <%s>: ", node->doc->URL == NULL ? "?" : (const char *)node->doc->URL,
                xmlGetLineNo(node), (const char *)node->name);
    }
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

char *description_format(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        abort();
    }
    va_end(arguments);
    return text;
}

bool description_is_a(const xmlNode *node, const char *name)
{
    return strcmp((const char *)node->name, name) == 0;
}

static xmlNode *first_element(xmlNode *node, const char *name)
{
    while (node != NULL &&
           (node->type != XML_ELEMENT_NODE || (name != NULL && !description_is_a(node, name)))) {
        node = node->next;
    }
    return node;
}

xmlNode *description_child(const xmlNode *node, const char *name)
{
    return node == NULL ? NULL : first_element(node->children, name);
}

xmlNode *description_next(const xmlNode *after, const char *name)
{
    return first_element(after->next, name);
}

const char *description_text(const xmlNode *node, const char *name, const char *fallback)
{
    const char *value =
        node == NULL ? NULL : (const char *)xmlGetProp((xmlNode *)node, (const xmlChar *)name);

    return value == NULL ? fallback : value;
}

bool description_has(const xmlNode *node, const char *name)
{
    return description_text(node, name, NULL) != NULL;
}

bool description_is(const xmlNode *node, const char *name, const char *fallback)
{
    return strcmp(description_text(node, name, fallback), "true") == 0;
}

uint64_t description_number(const xmlNode *node, const char *name, const char *fallback)
{
    char *text = strdup(description_text(node, name, fallback));
    char *out = text;
    char *end;
    uint64_t value;

    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '_') {
            *out++ = *at;
        }
    }
    *out = '\0';
    value = strtoull(text, &end, text[0] == '0' && tolower((unsigned char)text[1]) == 'x' ? 16 : 10);
    switch (toupper((unsigned char)*end)) {
    case 'G':
        value *= 1024;
        __attribute__((fallthrough));
    case 'M':
        value *= 1024;
        __attribute__((fallthrough));
    case 'K':
        value *= 1024;
        end += strcmp(end + 1, "iB") == 0 ? 3 : 1;
        break;
    default:
        break;
    }
    if (end == text || *end != '\0') {
        description_fail(node, "%s=\"%s\" is not a number", name, text);
    }
    free(text);
    return value;
}

static const char *lookup(const char *name, size_t length)
{
    for (int i = definition_count - 1; i >= 0; i--) {
        if (strncmp(definitions[i], name, length) == 0 && definitions[i][length] == '=') {
            return definitions[i] + length + 1;
        }
    }
    return getenv(description_format("%.*s", (int)length, name));
}

/* The "}" of the reference whose inside starts at `at`. */
static const char *closing(const xmlNode *node, const char *at)
{
    for (unsigned int depth = 1; *at != '\0'; at++) {
        depth += at[0] == '$' && at[1] == '{';
        if (*at == '}' && --depth == 0) {
            return at;
        }
    }
    description_fail(node, "a variable lacks its closing \"}\"");
}

/* "$$" is "$"; ${NAME} and ${NAME:-default}, where the default may have variables too. */
static char *replace(const xmlNode *node, const char *text, unsigned int depth)
{
    char *out = description_format("%s", "");

    if (depth > MAX_DEPTH) {
        description_fail(node, "variables are nested too deep");
    }
    while (*text != '\0') {
        size_t plain = strcspn(text, "$");

        out = description_format("%s%.*s", out, (int)plain, text);
        text += plain;
        if (text[0] == '$' && text[1] == '{') {
            const char *end = closing(node, text + 2);
            char *inside = description_format("%.*s", (int)(end - text - 2), text + 2);
            size_t length = strspn(inside, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
            const char *value = lookup(inside, length);
            bool has_default = strncmp(inside + length, ":-", 2) == 0;

            if ((value == NULL || value[0] == '\0') && has_default) {
                value = replace(node, inside + length + 2, depth + 1);
            } else if (value == NULL) {
                description_fail(node, "variable \"%s\" is not set", inside);
            }
            out = description_format("%s%s", out, value);
            text = end + 1;
        } else if (text[0] == '$') {
            out = description_format("%s$", out);
            text += text[1] == '$' ? 2 : 1;
        }
    }
    return out;
}

static void prepare(xmlNode *node, unsigned int depth);

static xmlNode *parse(const char *path, const xmlNode *from)
{
    xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);

    if (doc == NULL) {
        description_fail(from, "%s cannot be read as XML", path);
    }
    return xmlDocGetRootElement(doc);
}

/* Put the children of the file's <fragment> in the place of `include`. */
static void splice(xmlNode *include, unsigned int depth)
{
    const char *path = description_text(include, "path", "");
    const char *from = (const char *)include->doc->URL;
    const char *slash = path[0] == '/' || from == NULL ? NULL : strrchr(from, '/');
    xmlNode *fragment =
        parse(slash == NULL ? path : description_format("%.*s/%s", (int)(slash - from), from, path), include);
    xmlNode *child;

    if (depth > MAX_DEPTH) {
        description_fail(include, "files are included too deep");
    }
    prepare(fragment, depth + 1);
    while ((child = description_child(fragment, NULL)) != NULL) {
        xmlUnlinkNode(child);
        xmlAddPrevSibling(include, xmlDocCopyNode(child, include->doc, 1));
    }
}

/* Make `node` and what is below it mean what it says. */
static void prepare(xmlNode *node, unsigned int depth)
{
    xmlNode *next;

    for (xmlAttr *attribute = node->properties; attribute != NULL; attribute = attribute->next) {
        const char *value = description_text(node, (const char *)attribute->name, "");

        if (strchr(value, '$') != NULL) {
            xmlSetProp(node, attribute->name, (const xmlChar *)replace(node, value, 0));
        }
    }
    if (strcmp(description_text(node, "enabled", "true"), "false") == 0) {
        if (switched_off_count < sizeof switched_off / sizeof switched_off[0]) {
            switched_off[switched_off_count++] = node;
        }
        xmlUnlinkNode(node);
        return;
    }
    for (xmlNode *child = description_child(node, NULL); child != NULL; child = next) {
        next = description_next(child, NULL);
        prepare(child, depth);
        if (description_is_a(child, "include") && child->parent != NULL) {
            splice(child, depth);
            xmlUnlinkNode(child);
        }
    }
}

bool description_is_off(const char *element, const char *name)
{
    for (size_t i = 0; i < switched_off_count; i++) {
        if (description_is_a(switched_off[i], element) &&
            (name == NULL || strcmp(description_text(switched_off[i], "name", ""), name) == 0)) {
            return true;
        }
    }
    return false;
}

xmlNode *description_read(const char *path, char *const *given, int count)
{
    xmlNode *root = parse(path, NULL);

    definitions = given;
    definition_count = count;
    if (!description_is_a(root, "system")) {
        description_fail(root, "the description of a system begins with <system>");
    }
    prepare(root, 0);
    return root;
}
