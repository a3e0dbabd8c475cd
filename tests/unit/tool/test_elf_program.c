/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <elf.h>
#include <unistd.h>

#include "tests/mock/mock_elf.h"
#include "tool/image/elf_program.h"

static const struct mock_elf sample = {
    .entry = 0x200010,
    .segments = {{0x200000, 0x1800, 0x1800, PF_R | PF_X, NULL},
                 {0x203000, 0x3000, 0x100, PF_R | PF_W, NULL},
                 {0x202000, 0x1000, 0x1000, PF_R, NULL}},
    .symbols = {{"first", 0x203000, 8}, {"in_bss", 0x205000, 8}, {"nowhere", 0x900000, 8}},
    .sections = {{".config", 0x203010, 16}},
};

static char path[64];

static int make_path(void **state)
{
    (void)state;
    (void)snprintf(path, sizeof path, "/tmp/test_elf_program.%ld", (long)getpid());
    return 0;
}

static int remove_path(void **state)
{
    (void)state;
    (void)unlink(path);
    return 0;
}

/** Load the file `bytes`; expect `err`, and `word` in the report if it fails. */
static void assert_loads(struct elf_program *program, const uint8_t *file, size_t bytes, enum err err,
                         const char *word)
{
    struct diag *diag = diag_new();
    char *text = NULL;
    size_t text_bytes = 0;
    FILE *out = open_memstream(&text, &text_bytes);

    mock_elf_save(path, file, bytes);
    assert_int_equal(elf_program_load(program, path, (struct loc){0}, diag), err);
    assert_int_equal(diag_error_count(diag), err == ERR_OK ? 0 : 1);
    diag_print(diag, out);
    fclose(out);
    if (err != ERR_OK && (strstr(text, word) == NULL || strstr(text, path) == NULL)) {
        fail_msg("no \"%s\" or no path in: %s", word, text);
    }
    free(text);
    diag_free(diag);
}

static void assert_refused(const struct mock_elf *elf, enum err err, const char *word)
{
    struct elf_program program;
    size_t bytes;
    uint8_t *file = mock_elf_build(elf, &bytes);

    assert_loads(&program, file, bytes, err, word);
    free(file);
}

static void load_sample(struct elf_program *program)
{
    size_t bytes;
    uint8_t *file = mock_elf_build(&sample, &bytes);

    assert_loads(program, file, bytes, ERR_OK, NULL);
    free(file);
}

static void test_segments_in_order(void **state)
{
    (void)state;
    struct elf_program program;

    load_sample(&program);
    assert_int_equal(program.segment_count, 3);
    assert_int_equal(program.segments[1].vaddr, 0x202000);
    assert_int_equal(program.segments[2].mem_bytes, 0x3000);
    assert_int_equal(program.segments[2].file_bytes, 0x100);
    assert_int_equal(program.segments[0].perms, ELF_PROGRAM_READ | ELF_PROGRAM_EXECUTE);
    assert_int_equal(program.segments[1].perms, ELF_PROGRAM_READ);
    assert_int_equal(program.segments[2].perms, ELF_PROGRAM_READ | ELF_PROGRAM_WRITE);
    assert_int_equal(program.segments[0].data[0x17ff], 1);
    assert_int_equal(program.segments[2].data[0xff], 2);
    assert_int_equal(program.segments[2].data[0x100], 0);
    assert_int_equal(program.entry, 0x200010);
    elf_program_free(&program);
}

static void test_symbols_and_sections(void **state)
{
    (void)state;
    struct elf_program_range range;
    struct elf_program program;

    load_sample(&program);
    assert_true(elf_program_find_symbol(&program, "first", &range));
    assert_int_equal(range.vaddr, 0x203000);
    assert_int_equal(range.bytes, 8);
    assert_false(elf_program_find_symbol(&program, "firs", &range));
    assert_true(elf_program_find_section(&program, ".config", &range));
    assert_int_equal(range.vaddr, 0x203010);
    assert_false(elf_program_find_section(&program, ".symtab", &range));
    elf_program_free(&program);
}

static void test_writing(void **state)
{
    (void)state;
    const uint64_t value = 0x1122334455667788;
    struct elf_program program;

    load_sample(&program);
    assert_int_equal(elf_program_write(&program, 0x203000, &value, sizeof value), ERR_OK);
    assert_memory_equal(elf_program_peek(&program, 0x203000, 8), &value, 8);
    assert_int_equal(program.segments[2].file_bytes, 0x100);
    assert_int_equal(elf_program_write(&program, 0x205ff8, &value, sizeof value), ERR_OK);
    assert_int_equal(program.segments[2].file_bytes, 0x3000);
    assert_int_equal(elf_program_write(&program, 0x205ff9, &value, sizeof value), ERR_RANGE);
    assert_int_equal(elf_program_write(&program, 0x900000, &value, sizeof value), ERR_RANGE);
    assert_int_equal(elf_program_write(&program, UINT64_MAX, &value, sizeof value), ERR_RANGE);
    assert_null(elf_program_peek(&program, 0x200000, UINT64_MAX));
    elf_program_free(&program);
}

static void test_wrong_kinds_of_file(void **state)
{
    (void)state;
    struct elf_program program;
    struct mock_elf elf = sample;

    assert_loads(&program, (const uint8_t *)"#!/bin/sh\n", 10, ERR_FORMAT, "not an ELF file");
    assert_loads(&program, (const uint8_t *)"", 0, ERR_FORMAT, "not an ELF file");
    elf.machine = EM_X86_64;
    assert_refused(&elf, ERR_FORMAT, "not for AArch64");
    elf = sample;
    elf.type = ET_DYN;
    assert_refused(&elf, ERR_FORMAT, "-static");
    elf = sample;
    elf.entry = 0x203000;
    assert_refused(&elf, ERR_FORMAT, "entry point");
    elf.entry = 0x200002;
    assert_refused(&elf, ERR_FORMAT, "entry point");
}

static void test_wrong_segments(void **state)
{
    (void)state;
    struct mock_elf elf = sample;

    elf.segments[1].flags = PF_R | PF_W | PF_X;
    assert_refused(&elf, ERR_UNSUPPORTED, "both writable and executable");
    elf = sample;
    elf.segments[1].mem_bytes = 0x80;
    assert_refused(&elf, ERR_FORMAT, "more bytes in the file");
    elf = sample;
    elf.segments[1].mem_bytes = ELF_PROGRAM_MAX_BYTES + 1;
    assert_refused(&elf, ERR_UNSUPPORTED, "more than");
    elf = sample;
    elf.segments[1].vaddr = UINT64_MAX - 0x100;
    assert_refused(&elf, ERR_FORMAT, "wraps");
    elf = sample;
    elf.segments[1].vaddr = 0x2017ff;
    assert_refused(&elf, ERR_FORMAT, "overlap");
}

static void test_contents_beyond_the_file(void **state)
{
    (void)state;
    struct elf_program program;
    size_t bytes;
    uint8_t *file = mock_elf_build(&sample, &bytes);
    Elf64_Phdr header;

    memcpy(&header, file + sizeof(Elf64_Ehdr), sizeof header);
    header.p_offset = bytes - 0x17ff;
    memcpy(file + sizeof(Elf64_Ehdr), &header, sizeof header);
    assert_loads(&program, file, bytes, ERR_FORMAT, "beyond the end");
    header.p_offset = UINT64_MAX - 8;
    memcpy(file + sizeof(Elf64_Ehdr), &header, sizeof header);
    assert_loads(&program, file, bytes, ERR_FORMAT, "beyond the end");
    free(file);
}

/** Whatever bytes of the headers are wrong, loading and looking up end in order. */
static void test_no_broken_file_crashes(void **state)
{
    (void)state;
    struct diag *diag = diag_new();
    size_t bytes;
    uint8_t *file = mock_elf_build(&sample, &bytes);
    static const size_t areas[][2] = {{0, 64}, {64, 168}, {0x3000, 256}, {0x2000, 96}};

    for (size_t area = 0; area < sizeof areas / sizeof areas[0]; area++) {
        for (size_t at = areas[area][0]; at < areas[area][0] + areas[area][1]; at++) {
            struct elf_program_range range;
            struct elf_program program;
            uint8_t saved = file[at];

            file[at] = (uint8_t)~saved;
            mock_elf_save(path, file, bytes);
            if (elf_program_load(&program, path, (struct loc){0}, diag) == ERR_OK) {
                (void)elf_program_find_symbol(&program, "no such symbol", &range);
                (void)elf_program_find_section(&program, ".none", &range);
                elf_program_free(&program);
            }
            file[at] = saved;
        }
    }
    for (size_t length = 0; length < 0x3200; length += 97) {
        struct elf_program program;

        mock_elf_save(path, file, length);
        assert_int_not_equal(elf_program_load(&program, path, (struct loc){0}, diag), ERR_OK);
    }
    free(file);
    diag_free(diag);
}

static void test_missing_file(void **state)
{
    (void)state;
    struct elf_program program;
    struct diag *diag = diag_new();

    assert_int_equal(elf_program_load(&program, "/nonexistent/x.elf", (struct loc){0}, diag), ERR_IO);
    assert_int_equal(elf_program_load(&program, "/tmp", (struct loc){0}, diag), ERR_IO);
    assert_int_equal(diag_error_count(diag), 2);
    diag_free(diag);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_in_order),
        cmocka_unit_test(test_symbols_and_sections),
        cmocka_unit_test(test_writing),
        cmocka_unit_test(test_wrong_kinds_of_file),
        cmocka_unit_test(test_wrong_segments),
        cmocka_unit_test(test_contents_beyond_the_file),
        cmocka_unit_test(test_no_broken_file_crashes),
        cmocka_unit_test(test_missing_file),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
