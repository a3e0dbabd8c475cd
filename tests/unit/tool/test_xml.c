/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/language/xml.h"

static void assert_loc(struct loc loc, int line, int column)
{
    assert_int_equal(loc.line, line);
    assert_int_equal(loc.column, column);
}

static void test_elements_and_attributes_have_places(void **state)
{
    (void)state;
    static const char text[] = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                               "<!-- <not an=\"element\"/> -->\n"
                               "<system name=\"a &lt; b\"\n"
                               "        board = 'q'>\n"
                               "  <guest/><guest  x=\"1>2\" caf\xc3\xa9='\"' y=\"3\"><net/></guest>\n"
                               "</system>\n";
    struct diag *diag = diag_new();
    struct xml_element *root = xml_read_text(diag, "t", text, sizeof(text) - 1);

    assert_non_null(root);
    assert_string_equal(root->name, "system");
    assert_loc(root->loc, 3, 1);
    assert_string_equal(root->attributes[0].value, "a < b");
    assert_loc(root->attributes[0].loc, 3, 9);
    assert_string_equal(xml_find(root, "board")->value, "q");
    assert_loc(xml_find(root, "board")->loc, 4, 9);
    assert_int_equal(root->child_count, 2);
    assert_loc(root->children[0]->loc, 5, 3);
    assert_loc(root->children[1]->loc, 5, 11);
    assert_loc(xml_find(root->children[1], "x")->loc, 5, 19);
    assert_loc(xml_find(root->children[1], "caf\xc3\xa9")->loc, 5, 27);
    assert_loc(xml_find(root->children[1], "y")->loc, 5, 36);
    assert_loc(root->children[1]->children[0]->loc, 5, 42);
    assert_null(xml_find(root, "none"));
    assert_int_equal(xml_count(root), 4);
    assert_int_equal(diag_error_count(diag), 0);
    xml_free(root);
    diag_free(diag);
}

/* Large enough that libxml2 drops what it has read from its buffer. */
static void test_places_in_a_large_file(void **state)
{
    (void)state;
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    struct diag *diag = diag_new();

    fputs("<a>\n", out);
    for (int i = 0; i < 15000; i++) {
        fprintf(out, "  <b n=\"%d\"/>\n", i);
    }
    fputs("</a>\n", out);
    fclose(out);

    struct xml_element *root = xml_read_text(diag, "t", text, bytes);

    assert_non_null(root);
    for (size_t i = 0; i < root->child_count; i++) {
        assert_loc(root->children[i]->loc, (int)i + 2, 3);
        assert_loc(root->children[i]->attributes[0].loc, (int)i + 2, 6);
    }
    xml_free(root);
    free(text);
    diag_free(diag);
}

static void assert_refused(const char *text, const char *message)
{
    struct diag *diag = diag_new();
    struct xml_element *root = xml_read_text(diag, "t", text, strlen(text));
    char *printed = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&printed, &bytes);

    diag_print(diag, out);
    fclose(out);
    assert_null(root);
    assert_int_equal(diag_error_count(diag), 1);
    if (strstr(printed, message) == NULL) {
        print_error("expected \"%s\" in \"%s\"\n", message, printed);
        fail();
    }
    free(printed);
    diag_free(diag);
}

static void test_malformed_files_are_refused_once(void **state)
{
    (void)state;
    assert_refused("", "empty file");
    assert_refused("<a>\n<b>\n</a>", "t:3:");
    assert_refused("<a x='1' x='2'/>", "not well-formed XML: Attribute x redefined");
    assert_refused("<a x=1/>", "not well-formed XML");
    assert_refused("hello", "not well-formed XML");
    assert_refused("<a>&b;</a>", "Entity 'b' not defined");
    assert_refused("<a xmlns='x'/>", "namespaces");
    assert_refused("<?xml version='1.0' encoding='latin1'?><a/>", "not UTF-8");
    assert_refused("<a>\xff</a>", "error");
}

static void test_text_is_reported_where_it_stands(void **state)
{
    (void)state;
    const char *text = "<a>\n  <b/> and\n  <c>&amp;</c>\n  <d><![CDATA[no]]></d> more</a>";
    struct diag *diag = diag_new();
    struct xml_element *root = xml_read_text(diag, "t", text, strlen(text));
    char *printed = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&printed, &bytes);

    diag_print(diag, out);
    fclose(out);
    assert_non_null(root);
    assert_int_equal(root->child_count, 3);
    assert_non_null(strstr(printed, "t:2:8: error: <a>: text \"and\" between elements"));
    assert_non_null(strstr(printed, "t:3:6: error: <c>: text \"&\" between elements"));
    assert_non_null(strstr(printed, "t:4:15: error: <d>: text \"no\" between elements"));
    assert_non_null(strstr(printed, "t:4:25: error: <a>: text \"more\" between elements"));
    free(printed);
    xml_free(root);
    diag_free(diag);
}

static void test_elements_are_not_nested_without_end(void **state)
{
    (void)state;
    char text[1024] = "";

    for (size_t i = 0; i < 150; i++) {
        strcat(text, "<a>");
    }
    assert_refused(text, "t:1:301: error: elements are nested more than 100 deep");
}

static void test_document_types_are_refused(void **state)
{
    (void)state;
    assert_refused("<!DOCTYPE a [<!ENTITY x SYSTEM \"/etc/passwd\">]><a>&x;</a>", "document type");
    assert_refused("<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>", "document type");
}

static void test_missing_file(void **state)
{
    (void)state;
    struct diag *diag = diag_new();

    assert_null(xml_read_file(diag, "/nonexistent/x.system"));
    assert_int_equal(diag_error_count(diag), 1);
    diag_free(diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elements_and_attributes_have_places),
        cmocka_unit_test(test_places_in_a_large_file),
        cmocka_unit_test(test_malformed_files_are_refused_once),
        cmocka_unit_test(test_text_is_reported_where_it_stands),
        cmocka_unit_test(test_elements_are_not_nested_without_end),
        cmocka_unit_test(test_document_types_are_refused),
        cmocka_unit_test(test_missing_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
