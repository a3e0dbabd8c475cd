/* SPDX-License-Identifier: BSD-2-Clause */
/* `causeway top`: what it reads, and what it shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "console/top_show.h"

#define FIRST                                                                                                \
    "begin 1\ntime 1000 1000\nof core exits idle_ticks run_ticks\ncore 0 9 400 600\n"                        \
    "of thread exits notifications run_ticks\nthread lan pd 0 100 0 5 100\nthread vm1 vcpu 0 90 7 0 200\n"   \
    "thread vm1 vcpu 1 90 2 0 300\nof switch runs\nswitch lan 3\nof port rx_frames dropped_full\n"           \
    "port lan vm1 10 0\nend 1\n"
#define SECOND                                                                                               \
    "begin 2\ntime 3000 1000\nof core exits idle_ticks run_ticks\ncore 0 29 1400 1600\n"                     \
    "of thread exits notifications run_ticks\nthread lan pd 0 100 0 105 1100\nthread vm1 vcpu 0 90 27 0 "    \
    "200\n"                                                                                                  \
    "thread vm1 vcpu 1 90 2 0 100\nof switch runs\nswitch lan 3\nof port rx_frames dropped_full\n"           \
    "port lan vm1 20010 4\nend 2\n"

static struct top_reader reader;

static int setup(void **state)
{
    (void)state;
    memset(&reader, 0, sizeof(reader));
    return 0;
}

/* How many answers there were. */
static unsigned int feed(const char *text, struct top_sample *sample)
{
    unsigned int count = 0;

    for (; *text != '\0'; text++) {
        if (top_reader_byte(&reader, *text)) {
            count++;
            if (sample != NULL) {
                *sample = reader.sample;
            }
        }
    }
    return count;
}

static void test_an_answer_is_read(void **state)
{
    static struct top_sample sample;
    (void)state;

    assert_int_equal(feed("rest of another 1 2\nend 7\n" FIRST, &sample), 1);
    assert_int_equal(sample.number, 1);
    assert_int_equal(sample.ticks, 1000);
    assert_int_equal(sample.row_count, 6);
    assert_string_equal(sample.rows[1].name, "lan");
    assert_string_equal(sample.rows[1].type, "pd");
    assert_string_equal(sample.rows[2].name, "vm1.0");
    assert_string_equal(sample.rows[3].name, "vm1.1");
    assert_int_equal(sample.rows[3].core, 1);
    assert_string_equal(sample.rows[5].name, "lan.vm1");
    const struct top_kind *kind = &sample.kinds[top_sample_kind(&sample, "thread")];
    assert_int_equal(sample.rows[2].values[top_sample_value(kind, "run_ticks")], 200);
    assert_int_equal(top_sample_value(kind, "nothing"), TOP_MAX_VALUES);
    assert_int_equal(top_sample_kind(&sample, "nothing"), TOP_MAX_KINDS);
}

static void test_two_of_one_name_are_told_apart(void **state)
{
    static struct top_sample sample;
    (void)state;

    assert_int_equal(
        feed("begin 1\ntime 1 1\nof port b\nport lan vm1 1\nport lan vm1 2\nport lan vm1 3\nend 1\n",
             &sample),
        1);
    assert_string_equal(sample.rows[0].name, "lan.vm1");
    assert_string_equal(sample.rows[1].name, "lan.vm1#2");
    assert_string_equal(sample.rows[2].name, "lan.vm1#3");
}

static void test_what_is_no_whole_answer_is_dropped(void **state)
{
    static const char *const bad[] = {
        "time 1 1\nend 1\n",
        "begin 1\nend 1\n",                             /* no time */
        "begin 1\ntime 1 0\nend 1\n",                   /* no clock has 0 Hz */
        "begin 1\ntime 1 1\nend 2\n",                   /* another's end */
        "begin 1\ntime 1 1 1x\nof a b\na n x\nend 1\n", /* no number */
        "begin 1\ntime 1 1\nof a b c\na n 1\nend 1\n",  /* too few */
        "begin 1\ntime 1 1\nof a b\na n 1 2\nend 1\n",  /* too many */
        "begin 1\ntime 1 1\na n 1\nend 1\n",            /* of nothing known */
        "begin 1\ntime 1 1\nof a b\nof a c\nend 1\n",   /* twice */
        "begin 1\ntime 1 1\nof a b\na n 18446744073709551616\nend 1\n",
        "begin 1\ntime 1 1\nof a b\na n -1\nend 1\n",
        "begin 1\ntime 1 1\nof a b\na  1\nend 1\n",
        "begin 1\ntime 1 1\n\nend 1\n",
        "begin 4294967296\ntime 1 1\nend 4294967296\n",
        "begin 1\ntime 1 1\nof thread b\nthread n pd 1\nend 1\n",
        "begin 1\ntime 1 1\nof port b\nport lan\nend 1\n",
    };
    (void)state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(feed(bad[i], NULL), 0);
        assert_int_equal(feed(FIRST, NULL), 1);
    }
}

static void test_a_line_that_is_too_long_ends_the_answer_and_no_more(void **state)
{
    char text[TOP_LINE_BYTES + 100];
    (void)state;

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 2] = '\n';
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(feed("begin 1\ntime 1 1\n", NULL), 0);
    assert_int_equal(feed(text, NULL), 0);
    assert_int_equal(feed("end 1\n" FIRST, NULL), 1);
}

static void test_more_rows_than_there_is_room_for(void **state)
{
    (void)state;
    assert_int_equal(feed("begin 1\ntime 1 1\nof a b\n", NULL), 0);
    for (unsigned int i = 0; i < TOP_MAX_ROWS + 1; i++) {
        char line[32];
        (void)snprintf(line, sizeof(line), "a n%u 1\n", i);
        assert_int_equal(feed(line, NULL), 0);
    }
    assert_int_equal(feed("end 1\n", NULL), 0);
}

/* Two answers, and what is shown of them; valid until the next. */
static const char *shown(const char *first, const char *second, const struct top_view *view)
{
    static struct top_sample before;
    static struct top_sample now;
    static char text[0x4000];

    assert_true(first == NULL || feed(first, &before) == 1);
    assert_int_equal(feed(second, &now), 1);
    FILE *out = fmemopen(text, sizeof(text), "w");
    assert_non_null(out);
    if (view == NULL) {
        top_show_json(out, first == NULL ? NULL : &before, &now);
    } else {
        top_show_table(out, view, first == NULL ? NULL : &before, &now);
    }
    fclose(out);
    return text;
}

static void test_table_is_by_the_second_and_in_order(void **state)
{
    struct top_view view = {.order = TOP_ORDER_CPU};
    (void)state;

    const char *text = shown(FIRST, SECOND, &view);
    assert_non_null(strstr(text, "up 3 s   core 0 50.0 % busy"));
    assert_non_null(strstr(text, "\nlan                pd      0  100   50.0 "));
    /* It counts less than before: it was started again, and what it has counted since is new. */
    assert_non_null(strstr(text, "\nvm1.1              vcpu    1   90    5.0 "));
    assert_non_null(strstr(text, "\nlan.vm1             rx_frames 10.0k  dropped_full 2\n"));
    assert_true(strstr(text, "vm1.1") < strstr(text, "vm1.0"));
    view.order = TOP_ORDER_EXITS;
    text = shown(FIRST, SECOND, &view);
    assert_true(strstr(text, "vm1.0") < strstr(text, "vm1.1"));
    view.order = TOP_ORDER_NAME;
    text = shown(NULL, FIRST, &view);
    assert_non_null(strstr(text, "since the start"));
    assert_non_null(strstr(text, "\nvm1.1              vcpu    1   90   30.0 "));
}

static void test_table_fits_the_terminal(void **state)
{
    const struct top_view view = {.rows = 6, .cols = 20, .is_terminal = true};
    (void)state;

    const char *text = shown(FIRST, SECOND, &view);
    unsigned int lines = 0;
    for (const char *line = text; (line = strchr(line, '\n')) != NULL; line++) {
        lines++;
    }
    assert_int_equal(lines, 5);
    assert_memory_equal(text, "\x1b[Hup 3 s   core 0 50.0\x1b[K\n", 27);
}

static void test_json(void **state)
{
    (void)state;
    const char *text = shown(FIRST, SECOND, NULL);
    assert_memory_equal(text, "{\"ticks\":3000,\"hz\":1000,\"seconds\":2.000000,\"core\":[{\"name\":\"0\"",
                        61);
    assert_non_null(
        strstr(text, "{\"name\":\"vm1.0\",\"type\":\"vcpu\",\"core\":0,\"priority\":90,\"cpu_percent\":0.000,"
                     "\"total\":{\"exits\":27,"));
    assert_non_null(strstr(text, "\"per_second\":{\"rx_frames\":10000.000,\"dropped_full\":2.000}}]}\n"));
    text = shown(NULL, "begin 1\ntime 1 1\nof a\"\\ b\na\"\\ n\"\x7f 1\nend 1\n", NULL);
    assert_non_null(strstr(text, "\"a\\\"\\\\\":[{\"name\":\"n\\\"?\","));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_an_answer_is_read, setup),
        cmocka_unit_test_setup(test_two_of_one_name_are_told_apart, setup),
        cmocka_unit_test_setup(test_what_is_no_whole_answer_is_dropped, setup),
        cmocka_unit_test_setup(test_a_line_that_is_too_long_ends_the_answer_and_no_more, setup),
        cmocka_unit_test_setup(test_more_rows_than_there_is_room_for, setup),
        cmocka_unit_test_setup(test_table_is_by_the_second_and_in_order, setup),
        cmocka_unit_test_setup(test_table_fits_the_terminal, setup),
        cmocka_unit_test_setup(test_json, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
