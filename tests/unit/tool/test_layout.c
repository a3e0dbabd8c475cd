/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tool/image/layout.h"

#define MIB (1ull << 20)

static const struct board_range ram = {"ram", 0x40000000, 16 * MIB};

static size_t ask(struct layout *layout, const char *what, uint64_t bytes, uint64_t align)
{
    return layout_add(
        layout, &(struct layout_range){.what = what, .kind = LAYOUT_MEMORY, .bytes = bytes, .align = align});
}

static size_t fix(struct layout *layout, const char *what, enum layout_kind kind, uint64_t base,
                  uint64_t bytes)
{
    return layout_add(layout, &(struct layout_range){
                                  .what = what, .kind = kind, .base = base, .bytes = bytes, .fixed = true});
}

/** Solve, expect `err`, and expect each of the NULL-terminated words in what is reported. */
static void assert_solves(struct layout *layout, enum err err, ...)
{
    struct diag *diag = diag_new();
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);
    const char *word;
    va_list words;

    assert_int_equal(layout_solve(layout, &ram, diag), err);
    assert_int_equal(diag_error_count(diag) > 0, err != ERR_OK);
    diag_print(diag, out);
    fclose(out);
    va_start(words, err);
    while ((word = va_arg(words, const char *)) != NULL) {
        if (strstr(text, word) == NULL) {
            fail_msg("no \"%s\" in: %s", word, text);
        }
    }
    va_end(words);
    free(text);
    diag_free(diag);
}

static void test_first_fit_around_fixed_ranges(void **state)
{
    (void)state;
    struct layout layout = {0};
    size_t large = ask(&layout, "large", 4 * MIB, 2 * MIB);
    size_t small = ask(&layout, "small", 0x1000, 0x1000);
    size_t other = ask(&layout, "other", 0x3000, 0x1000);

    (void)fix(&layout, "firmware", LAYOUT_FIRMWARE, 0x40000000, 2 * MIB);
    (void)fix(&layout, "kernel", LAYOUT_KERNEL, 0x40201000, 0x5000);
    (void)fix(&layout, "uart", LAYOUT_DEVICE, 0x09000000, 0x1000);
    assert_solves(&layout, ERR_OK, NULL);
    assert_int_equal(layout.ranges[large].base, 0x40400000);
    assert_int_equal(layout.ranges[small].base, 0x40200000);
    assert_int_equal(layout.ranges[other].base, 0x40206000);
    for (size_t i = 1; i < layout.count; i++) {
        assert_true(layout.ranges[layout.by_base[i - 1]].base < layout.ranges[layout.by_base[i]].base);
    }
    assert_int_equal(layout_bytes(&layout, LAYOUT_MEMORY), 4 * MIB + 0x4000);
    layout_free(&layout);
}

static void test_a_request_more_moves_nothing(void **state)
{
    (void)state;
    struct layout layout = {0};
    size_t a = ask(&layout, "a", 0x5000, 0x1000);
    size_t b = ask(&layout, "b", 2 * MIB, 2 * MIB);
    uint64_t base_a;
    uint64_t base_b;

    assert_solves(&layout, ERR_OK, NULL);
    base_a = layout.ranges[a].base;
    base_b = layout.ranges[b].base;
    (void)ask(&layout, "c", 0x1000, 0x1000);
    assert_solves(&layout, ERR_OK, NULL);
    assert_int_equal(layout.ranges[a].base, base_a);
    assert_int_equal(layout.ranges[b].base, base_b);
    layout_free(&layout);
}

static void test_exact_fill(void **state)
{
    (void)state;
    struct layout layout = {0};

    (void)ask(&layout, "all", 16 * MIB, 0x1000);
    assert_solves(&layout, ERR_OK, NULL);
    (void)ask(&layout, "one page more", 0x1000, 0x1000);
    assert_solves(&layout, ERR_SPACE, "one page more", "16.0 MiB", NULL);
    layout_free(&layout);
}

static void test_shortage_says_what_takes_the_memory(void **state)
{
    (void)state;
    struct layout layout = {0};

    (void)ask(&layout, "memory region \"ram1\"", 10 * MIB, 2 * MIB);
    (void)ask(&layout, "memory region \"ram2\"", 8 * MIB, 2 * MIB);
    assert_solves(&layout, ERR_SPACE, "out of RAM: no room for memory region \"ram2\" (8.0 MiB)",
                  "asks for 18.0 MiB", "has 16.0 MiB", "memory region \"ram1\" takes 10.0 MiB", NULL);
    layout_free(&layout);
}

static void test_conflict_names_both(void **state)
{
    (void)state;
    struct layout layout = {0};

    (void)fix(&layout, "the kernel", LAYOUT_KERNEL, 0x40200000, 0x10000);
    (void)fix(&layout, "memory region \"dma\"", LAYOUT_MEMORY, 0x4020f000, 0x2000);
    assert_solves(&layout, ERR_STATE, "the kernel", "memory region \"dma\"", "0x4020f000", NULL);
    layout_free(&layout);
}

static void test_fixed_ranges_lie_in_ram_or_are_devices(void **state)
{
    (void)state;
    static const struct {
        uint64_t base, bytes;
        enum layout_kind kind;
        enum err err;
    } cases[] = {
        {0x3ffff000, 0x2000, LAYOUT_MEMORY, ERR_RANGE},
        {0x3ffff000, 0x2000, LAYOUT_DEVICE, ERR_RANGE},
        {0x40fff000, 0x2000, LAYOUT_MEMORY, ERR_RANGE},
        {0x10000000, 0x1000, LAYOUT_MEMORY, ERR_RANGE},
        {0x40fff000, 0x1000, LAYOUT_MEMORY, ERR_OK},
        {0x41000000, 0x1000, LAYOUT_DEVICE, ERR_OK},
        {UINT64_MAX - 0xfff, 0x2000, LAYOUT_DEVICE, ERR_RANGE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct layout layout = {0};

        (void)fix(&layout, "it", cases[i].kind, cases[i].base, cases[i].bytes);
        assert_solves(&layout, cases[i].err, NULL);
        layout_free(&layout);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_fit_around_fixed_ranges),
        cmocka_unit_test(test_a_request_more_moves_nothing),
        cmocka_unit_test(test_exact_fill),
        cmocka_unit_test(test_shortage_says_what_takes_the_memory),
        cmocka_unit_test(test_conflict_names_both),
        cmocka_unit_test(test_fixed_ranges_lie_in_ram_or_are_devices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
