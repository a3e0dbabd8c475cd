/* SPDX-License-Identifier: BSD-2-Clause */
#include "tool/language/xml.h"

#include <errno.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdlib.h>
#include <string.h>

#include "tool/base/mem.h"

/* Before libxml2's own limit, whose message speaks to programmers. */
#define MAX_DEPTH 100u
/* Characters of misplaced text that a message shows. */
#define TEXT_SHOWN 30

/* State of one parse, the SAX handlers' user data. */
struct reader {
    struct diag *diag;
    const char *file; /* interned */
    const char *text;
    size_t bytes;
    xmlParserCtxtPtr parser;
    struct xml_element *root;
    struct xml_element **stack; /* open elements */
    size_t depth;
    size_t element_count;
    /* The place found last, from which the next is counted on: places only move forward. */
    size_t counted_offset;
    int counted_line;
    int counted_column;
    const struct xml_element *text_parent; /* the last one that had text inside, which was reported */
    bool failed;
};

void xml_free(struct xml_element *element)
{
    if (element == NULL) {
        return;
    }
    for (size_t i = 0; i < element->attribute_count; i++) {
        free(element->attributes[i].name);
        free(element->attributes[i].value);
    }
    for (size_t i = 0; i < element->child_count; i++) {
        xml_free(element->children[i]);
    }
    free(element->attributes);
    free(element->children);
    free(element->name);
    free(element);
}

struct xml_attribute *xml_find(const struct xml_element *element, const char *name)
{
    for (size_t i = 0; i < element->attribute_count; i++) {
        if (strcmp(element->attributes[i].name, name) == 0) {
            return &element->attributes[i];
        }
    }
    return NULL;
}

size_t xml_count(const struct xml_element *element)
{
    size_t count = 1;

    for (size_t i = 0; i < element->child_count; i++) {
        count += xml_count(element->children[i]);
    }
    return count;
}

/* The place of a byte of the text. Columns count characters, not the continuation bytes of UTF-8. */
static struct loc place_of(struct reader *reader, size_t offset)
{
    if (offset < reader->counted_offset) {
        reader->counted_offset = 0;
        reader->counted_line = 1;
        reader->counted_column = 1;
    }
    for (; reader->counted_offset < offset && reader->counted_offset < reader->bytes;
         reader->counted_offset++) {
        unsigned char byte = (unsigned char)reader->text[reader->counted_offset];

        if (byte == '\n') {
            reader->counted_line++;
            reader->counted_column = 1;
        } else if ((byte & 0xc0) != 0x80) {
            reader->counted_column++;
        }
    }
    return (struct loc){reader->file, reader->counted_line, reader->counted_column};
}

/* How far libxml2 has read. */
static size_t read_offset(const struct reader *reader)
{
    long offset = xmlByteConsumed(reader->parser);

    return offset < 0 ? 0 : (size_t)offset < reader->bytes ? (size_t)offset : reader->bytes;
}

/* The "<" of the start tag whose attributes were just read: an attribute's value cannot contain one. */
static size_t tag_offset(const struct reader *reader)
{
    size_t offset = read_offset(reader);

    while (offset > 0 && reader->text[offset] != '<') {
        offset--;
    }
    return offset;
}

static void fail_at(struct reader *reader, struct loc loc, const char *what)
{
    diag_error(reader->diag, loc, "%s", what);
    reader->failed = true;
    xmlStopParser(reader->parser);
}

/* Step over one name="value" of a start tag known to be well formed; *name_offset: where the name starts. */
static size_t skip_attribute(const struct reader *reader, size_t offset, size_t *name_offset)
{
    const char *text = reader->text;
    size_t end = reader->bytes;

    while (offset < end && strchr(" \t\r\n", text[offset]) != NULL) {
        offset++;
    }
    *name_offset = offset;
    while (offset < end && text[offset] != '"' && text[offset] != '\'') {
        offset++;
    }
    if (offset < end) {
        const char *closing = memchr(&text[offset + 1], text[offset], end - offset - 1);

        offset = closing == NULL ? end : (size_t)(closing - text) + 1;
    }
    return offset;
}

static void add_attributes(struct reader *reader, struct xml_element *element, size_t offset, int count,
                           const xmlChar **attributes)
{
    offset += 1 + strlen(element->name);
    for (int i = 0; i < count; i++) {
        const xmlChar **sax = &attributes[5 * i]; /* name, prefix, URI, value, end of value */
        size_t name_offset;

        offset = skip_attribute(reader, offset, &name_offset);
        element->attributes =
            mem_grow(element->attributes, element->attribute_count, sizeof(element->attributes[0]));

        struct xml_attribute *attribute = &element->attributes[element->attribute_count++];

        attribute->name = mem_strdup((const char *)sax[0]);
        attribute->value = mem_strndup((const char *)sax[3], (size_t)(sax[4] - sax[3]));
        attribute->loc = place_of(reader, name_offset);
    }
}

static void append_child(struct xml_element *parent, struct xml_element *child)
{
    parent->children = mem_grow(parent->children, parent->child_count, sizeof(parent->children[0]));
    parent->children[parent->child_count++] = child;
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                     int namespace_count, const xmlChar **namespaces, int attribute_count,
                     int defaulted_count, const xmlChar **attributes)
{
    (void)uri;
    (void)namespaces;
    (void)defaulted_count;
    struct reader *reader = context;
    size_t offset = tag_offset(reader);
    struct xml_element *element;

    if (reader->failed) {
        return;
    }
    if (prefix != NULL || namespace_count > 0) {
        fail_at(reader, place_of(reader, offset), "XML namespaces are not used in system descriptions");
        return;
    }
    if (reader->depth == MAX_DEPTH) {
        fail_at(reader, place_of(reader, offset), "elements are nested more than 100 deep");
        return;
    }
    if (++reader->element_count > XML_MAX_ELEMENTS) {
        fail_at(reader, place_of(reader, offset), "too many elements");
        return;
    }
    element = mem_zalloc(sizeof(*element));
    element->name = mem_strdup((const char *)name);
    element->loc = place_of(reader, offset);
    add_attributes(reader, element, offset, attribute_count, attributes);
    if (reader->depth == 0) {
        reader->root = element;
    } else {
        append_child(reader->stack[reader->depth - 1], element);
    }
    reader->stack = mem_grow(reader->stack, reader->depth, sizeof(reader->stack[0]));
    reader->stack[reader->depth++] = element;
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    (void)name;
    (void)prefix;
    (void)uri;
    struct reader *reader = context;

    if (!reader->failed && reader->depth > 0) {
        reader->depth--;
    }
}

static bool is_space(xmlChar byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Where text that was just read stands, or its element if it is written another way (&amp;). */
static struct loc text_place(struct reader *reader, const xmlChar *text, size_t length)
{
    size_t offset = read_offset(reader);

    offset = offset >= length ? offset - length : 0;
    while (offset > 0 && memcmp(&reader->text[offset], text, length) != 0 && reader->text[offset] != '>') {
        offset--;
    }
    return memcmp(&reader->text[offset], text, length) == 0 ? place_of(reader, offset)
                                                            : reader->stack[reader->depth - 1]->loc;
}

static void on_text(void *context, const xmlChar *text, int length)
{
    struct reader *reader = context;
    int i = 0;

    while (i < length && is_space(text[i])) {
        i++;
    }
    while (i < length && is_space(text[length - 1])) {
        length--;
    }
    if (i < length && !reader->failed && reader->depth > 0) {
        const struct xml_element *parent = reader->stack[reader->depth - 1];
        size_t shown = length - i > TEXT_SHOWN ? TEXT_SHOWN : (size_t)(length - i);

        if (parent != reader->text_parent) { /* libxml2 hands text over in pieces */
            diag_error(reader->diag, text_place(reader, &text[i], shown),
                       "<%s>: text \"%.*s\" between elements: everything is said with attributes",
                       parent->name, (int)shown, (const char *)&text[i]);
        }
        reader->text_parent = parent;
    }
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *external_id, const xmlChar *uri)
{
    (void)name;
    (void)external_id;
    (void)uri;
    struct reader *reader = context;

    if (!reader->failed) {
        fail_at(reader, (struct loc){reader->file, xmlSAX2GetLineNumber(reader->parser), 0},
                "a document type is not allowed in a system description; use <include> and ${NAME}");
    }
}

/* What to write instead, for the characters that XML keeps for itself. */
static const char *advice(int code, bool is_reference)
{
    switch (code) {
    case XML_ERR_ENTITYREF_SEMICOL_MISSING:
        return "; an & is written &amp;";
    case XML_ERR_NAME_REQUIRED:
        return is_reference ? "; an & is written &amp;" : "";
    case XML_ERR_LT_IN_ATTRIBUTE:
        return "; it is written &lt;";
    default:
        return "";
    }
}

static void on_error(void *context, xmlErrorPtr error)
{
    struct reader *reader = context;
    const char *message = error->message == NULL ? "not well-formed XML" : error->message;
    bool is_reference = strstr(message, "EntityRef") != NULL;
    const char *colon = is_reference ? strchr(message, ':') : NULL; /* behind a function of libxml2's */
    size_t length;

    if (reader->failed || error->level < XML_ERR_ERROR) {
        return;
    }
    message = colon == NULL ? message : colon + 2;
    length = strcspn(message, "\n");
    diag_error(reader->diag, (struct loc){reader->file, error->line > 0 ? error->line : 1, error->int2},
               "not well-formed XML: %.*s%s", (int)length, message, advice(error->code, is_reference));
    reader->failed = true;
}

static void run_parser(struct reader *reader)
{
    xmlSAXHandler sax = {
        .initialized = XML_SAX2_MAGIC,
        .startElementNs = on_start,
        .endElementNs = on_end,
        .characters = on_text,
        .cdataBlock = on_text,
        .internalSubset = on_doctype,
        .serror = on_error,
    };

    reader->parser = xmlCreateMemoryParserCtxt(reader->text, (int)reader->bytes);
    if (reader->parser == NULL) {
        diag_error(reader->diag, (struct loc){reader->file, 0, 0}, "empty file");
        reader->failed = true;
        return;
    }

    xmlSAXHandlerPtr default_sax = reader->parser->sax;

    reader->parser->sax = &sax;
    reader->parser->userData = reader;
    (void)xmlCtxtUseOptions(reader->parser, XML_PARSE_NONET | XML_PARSE_COMPACT);
    (void)xmlParseDocument(reader->parser);
    reader->parser->sax = default_sax;
    if (reader->parser->wellFormed == 0 && !reader->failed) {
        diag_error(reader->diag, (struct loc){reader->file, 0, 0}, "not well-formed XML");
        reader->failed = true;
    }
    xmlFreeDoc(reader->parser->myDoc);
    reader->parser->myDoc = NULL;
    xmlFreeParserCtxt(reader->parser);
}

/* Places are offsets into the text as we hold it, so it has to be what libxml2 reads: UTF-8. */
static bool is_utf8(const char *text, size_t bytes)
{
    if (bytes >= 2 && ((unsigned char)text[0] >= 0xfe || text[0] == '\0' || text[1] == '\0')) {
        return false; /* UTF-16 or UTF-32 */
    }

    const char *declared = bytes > 5 && memcmp(text, "<?xml", 5) == 0 ? memmem(text, bytes, "?>", 2) : NULL;
    const char *encoding =
        declared == NULL ? NULL : memmem(text, (size_t)(declared - text), "encoding", strlen("encoding"));

    if (encoding == NULL) {
        return true;
    }
    encoding += strcspn(encoding, "\"'>");
    return declared - encoding > 6 && strncasecmp(encoding + 1, "utf-8", 5) == 0;
}

struct xml_element *xml_read_text(struct diag *diag, const char *name, const char *text, size_t bytes)
{
    struct reader reader = {.diag = diag, .bytes = bytes, .counted_line = 1, .counted_column = 1};
    char *copy;

    reader.file = diag_intern(diag, name);
    if (bytes > XML_MAX_FILE_BYTES || !is_utf8(text, bytes)) {
        diag_error(diag, (struct loc){reader.file, 0, 0},
                   bytes > XML_MAX_FILE_BYTES ? "larger than 16 MiB" : "not UTF-8, which XML files here are");
        return NULL;
    }
    copy = mem_strndup(text, bytes); /* with a NUL, which makes looking around in it safe */
    reader.text = copy;
    run_parser(&reader);
    free(copy);
    free(reader.stack);
    if (reader.failed) {
        xml_free(reader.root);
        return NULL;
    }
    return reader.root;
}

char *xml_load(struct diag *diag, struct loc loc, const char *what, const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    char *text = mem_zalloc(XML_MAX_FILE_BYTES + 2);

    if (file == NULL) {
        diag_error(diag, loc, "%scannot open \"%s\": %s", what, path, strerror(errno));
        free(text);
        return NULL;
    }
    *bytes = fread(text, 1, XML_MAX_FILE_BYTES + 1, file);
    if (ferror(file) != 0) {
        diag_error(diag, loc, "%scannot read \"%s\": %s", what, path, strerror(errno));
        free(text);
        text = NULL;
    }
    (void)fclose(file);
    return text;
}

struct xml_element *xml_read_file(struct diag *diag, const char *path)
{
    size_t bytes;
    char *text = xml_load(diag, (struct loc){NULL, 0, 0}, "", path, &bytes);
    struct xml_element *root = text == NULL ? NULL : xml_read_text(diag, path, text, bytes);

    free(text);
    return root;
}
