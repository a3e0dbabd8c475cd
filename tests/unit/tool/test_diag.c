/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/base/diag.h"

static char *printed(struct diag *diag)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    diag_print(diag, out);
    fclose(out);
    return text;
}

static void assert_prints(struct diag *diag, const char *expected)
{
    char *text = printed(diag);

    assert_string_equal(text, expected);
    free(text);
}

static void test_sorted_by_place_with_notes_attached(void **state)
{
    (void)state;
    struct diag *diag = diag_new();
    const char *a = diag_intern(diag, "a.system");
    const char *b = diag_intern(diag, "b.system");

    diag_error(diag, (struct loc){b, 1, 1}, "third");
    diag_error(diag, (struct loc){a, 9, 2}, "second %d", 2);
    diag_note(diag, (struct loc){a, 1, 1}, "its note");
    diag_warning(diag, (struct loc){a, 4, 0}, "first");
    diag_error(diag, (struct loc){NULL, 0, 0}, "nowhere");
    assert_int_equal(diag_error_count(diag), 3);
    assert_prints(diag, "causeway: error: nowhere\n"
                        "a.system:4: warning: first\n"
                        "a.system:9:2: error: second 2\n"
                        "a.system:1:1: note: its note\n"
                        "b.system:1:1: error: third\n");
    assert_prints(diag, "");
    assert_int_equal(diag_error_count(diag), 3);
    diag_free(diag);
}

static void test_intern_gives_one_pointer_per_name(void **state)
{
    (void)state;
    struct diag *diag = diag_new();
    char name[] = "x.system";
    const char *first = diag_intern(diag, name);

    name[0] = 'y';
    assert_string_equal(first, "x.system");
    assert_ptr_equal(first, diag_intern(diag, "x.system"));
    assert_ptr_not_equal(first, diag_intern(diag, "y.system"));
    diag_free(diag);
}

static void test_control_bytes_cannot_reach_the_terminal(void **state)
{
    (void)state;
    struct diag *diag = diag_new();

    diag_error(diag, (struct loc){0}, "name \"%s\"", "\033[2J\n");
    assert_prints(diag, "causeway: error: name \"\\x1b[2J\\x0a\"\n");
    diag_free(diag);
}

static void test_output_is_bounded(void **state)
{
    (void)state;
    struct diag *diag = diag_new();

    for (int i = 0; i < 5000; i++) {
        diag_error(diag, (struct loc){0}, "again");
        diag_note(diag, (struct loc){0}, "and again");
    }
    char *text = printed(diag);
    size_t lines = 0;

    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++) {
        lines++;
    }
    assert_int_equal(diag_error_count(diag), 5000);
    assert_true(lines <= 1002);
    free(text);
    diag_free(diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_by_place_with_notes_attached),
        cmocka_unit_test(test_intern_gives_one_pointer_per_name),
        cmocka_unit_test(test_control_bytes_cannot_reach_the_terminal),
        cmocka_unit_test(test_output_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
