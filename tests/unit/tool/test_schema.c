/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libxml/relaxng.h>

#include "tool/language/spec/lang.h"
#include "tool/language/spec/schema.h"

static char *generate(size_t *bytes)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, bytes);

    schema_print(&lang_system, out);
    fclose(out);
    return text;
}

static void ignore(void *context, const char *message, ...)
{
    (void)context;
    (void)message;
}

/* 0: valid; as libxml2 says it. */
static int validate(const char *document)
{
    size_t bytes;
    char *text = generate(&bytes);
    xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewMemParserCtxt(text, (int)bytes);
    xmlRelaxNGPtr schema = xmlRelaxNGParse(parser);
    xmlDocPtr doc = xmlReadMemory(document, (int)strlen(document), "t", NULL, 0);

    assert_non_null(schema);
    assert_non_null(doc);

    xmlRelaxNGValidCtxtPtr validator = xmlRelaxNGNewValidCtxt(schema);

    xmlRelaxNGSetValidErrors(validator, ignore, ignore, NULL);

    int result = xmlRelaxNGValidateDoc(validator, doc);

    xmlRelaxNGFreeValidCtxt(validator);
    xmlFreeDoc(doc);
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(parser);
    free(text);
    return result;
}

static void test_accepts_what_the_tool_accepts(void **state)
{
    (void)state;
    assert_int_equal(validate("<system/>"), 0);
    assert_int_equal(validate("<fragment><guest name='a' ram='1G' enabled='${X:-false}'/></fragment>"), 0);
    assert_int_equal(validate("<system name='s'><include path='x.xml'/><serial klog='${KLOG:-true}'/>"
                              "<protection_domain name='a' priority='0x10'><program_image path='a.elf'/>"
                              "<protection_domain name='b' id='${ID}'/></protection_domain></system>"),
                     0);
}

static void test_refuses_what_the_tool_refuses(void **state)
{
    (void)state;
    assert_int_not_equal(validate("<systems/>"), 0);
    assert_int_not_equal(validate("<system><serial klog='yes'/></system>"), 0);
    assert_int_not_equal(validate("<system><serial kloq='true'/></system>"), 0);
    assert_int_not_equal(validate("<system><net switch='lan'/></system>"), 0);
    assert_int_not_equal(validate("<system><guest name='a' ram='lots'/></system>"), 0);
    assert_int_not_equal(validate("<system><switch/></system>"), 0);
}

typedef void generator(const struct element_spec *root, FILE *out);

static void assert_current(const char *path, generator *generate_file)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    FILE *file = fopen(path, "r");
    char *shipped;

    generate_file(&lang_system, out);
    fclose(out);
    shipped = calloc(1, bytes + 2);
    assert_non_null(file);
    assert_int_equal(fread(shipped, 1, bytes + 1, file), bytes);
    assert_memory_equal(shipped, text, bytes);
    fclose(file);
    free(shipped);
    free(text);
}

/* `make schema` brings both up to date after a change of the tables. */
static void test_shipped_files_are_current(void **state)
{
    (void)state;
    assert_current("systems/causeway.rng", schema_print);
    assert_current("docs/reference.md", schema_reference);
}

static void test_help_knows_every_element(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_true(schema_help(&lang_system, "net", out));
    assert_true(schema_help(&lang_system, "system", out));
    assert_false(schema_help(&lang_system, "cspace", out));
    schema_list(&lang_system, out);
    fclose(out);
    assert_non_null(strstr(text, "queue_size: number from 2 to 1024"));
    assert_non_null(strstr(text, "[256]"));
    assert_non_null(strstr(text, "  protection_domain"));
    free(text);
}

/* A default that its own attribute would refuse only shows when the attribute is left out. */
static void check_fallbacks(const struct element_spec *spec, unsigned int depth)
{
    for (size_t i = 0; i < spec->attr_count; i++) {
        const struct attr_spec *attr = &spec->attrs[i];
        uint64_t field[4] = {0};
        char error[ATTR_ERROR_BYTES];

        assert_true(attr->offset < spec->fields_bytes);
        if (attr->fallback != NULL) {
            assert_true(attr_parse(attr, attr->fallback, field, error));
            attr_free(attr, field);
        }
        assert_true(attr->unsupported != NULL || attr->doc != NULL);
    }
    for (size_t i = 0; depth > 0 && i < spec->child_count; i++) {
        check_fallbacks(spec->children[i].spec, depth - 1);
    }
}

static void test_every_default_is_valid(void **state)
{
    (void)state;
    check_fallbacks(&lang_system, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts_what_the_tool_accepts),
        cmocka_unit_test(test_refuses_what_the_tool_refuses),
        cmocka_unit_test(test_shipped_files_are_current),
        cmocka_unit_test(test_help_knows_every_element),
        cmocka_unit_test(test_every_default_is_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
