/* SPDX-License-Identifier: BSD-2-Clause */
/* From ELF to a flat Image: segments at their places, the header's size, and files that are no images. */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tool/base/file.h"
#include "tool/image/flat.h"

#define BASE 0x40200000u
#define SEGMENTS 3u

/* An image of three segments: the header's, contents with zeros behind, and zeros alone. */
struct image {
    Elf64_Ehdr header;
    Elf64_Phdr segments[SEGMENTS];
    uint8_t first[64];
    uint8_t second[8];
};

static char input[64];
static char output[64];

static struct image make_image(void)
{
    struct image image = {
        .header = {.e_ident = ELFMAG,
                   .e_machine = EM_AARCH64,
                   .e_phoff = offsetof(struct image, segments),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = SEGMENTS},
        .segments = {{.p_type = PT_LOAD,
                      .p_paddr = BASE,
                      .p_offset = offsetof(struct image, first),
                      .p_filesz = 64,
                      .p_memsz = 64},
                     {.p_type = PT_LOAD,
                      .p_paddr = BASE + 0x100,
                      .p_offset = offsetof(struct image, second),
                      .p_filesz = 8,
                      .p_memsz = 16},
                     {.p_type = PT_LOAD, .p_paddr = BASE + 0x200, .p_memsz = 32}},
        .second = "content",
    };

    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    image.header.e_ident[EI_DATA] = ELFDATA2LSB;
    memcpy(image.first + 56, "ARM\x64", 4);
    return image;
}

static enum err convert(const struct image *image, size_t bytes, struct diag *diag)
{
    FILE *file = fopen(input, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(image, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
    (void)remove(output);
    return flat_write(input, output, diag);
}

static void test_segments_are_at_their_places(void **state)
{
    struct diag *diag = diag_new();
    const struct image image = make_image();
    uint8_t *flat = NULL;
    uint64_t size = 0;
    size_t bytes = 0;

    (void)state;
    assert_int_equal(convert(&image, sizeof(image), diag), ERR_OK);
    assert_int_equal(file_read(output, (struct loc){0}, diag, &flat, &bytes), ERR_OK);
    assert_int_equal(bytes, 0x220);
    memcpy(&size, flat + 16, sizeof(size));
    assert_int_equal(size, 0x220);
    assert_memory_equal(flat + 0x100, "content", 8);
    for (size_t i = 64; i < bytes; i++) {
        assert_true(flat[i] == 0 || (i >= 0x100 && i < 0x108));
    }
    free(flat);
    diag_free(diag);
}

/* Each breaks an image in one place. */
static void break_magic(struct image *image)
{
    image->header.e_ident[0] = 'x';
}

static void break_machine(struct image *image)
{
    image->header.e_machine = EM_X86_64;
}

static void break_offset(struct image *image)
{
    image->header.e_phoff = UINT64_MAX - 7;
}

static void break_count(struct image *image)
{
    image->header.e_phnum = 100;
}

static void break_file_size(struct image *image)
{
    image->segments[1].p_filesz = 17;
}

static void break_segment_offset(struct image *image)
{
    image->segments[1].p_offset = UINT64_MAX - 3;
}

static void break_wrap(struct image *image)
{
    image->segments[2].p_memsz = UINT64_MAX - 5;
}

static void break_distance(struct image *image)
{
    image->segments[2].p_paddr = 1ull << 40;
}

static void break_nothing_loaded(struct image *image)
{
    memset(image->segments, 0, sizeof(image->segments));
}

static void break_image_header(struct image *image)
{
    image->first[56] = 0;
}

static void test_what_is_no_image_is_refused(void **state)
{
    void (*const breaks[])(struct image * image) = {
        break_magic,          break_machine, break_offset,   break_count,          break_file_size,
        break_segment_offset, break_wrap,    break_distance, break_nothing_loaded, break_image_header,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++) {
        struct diag *diag = diag_new();
        struct image image = make_image();

        breaks[i](&image);
        assert_int_equal(convert(&image, sizeof(image), diag), ERR_FORMAT);
        assert_int_equal(access(output, F_OK), -1);
        diag_free(diag);
    }
}

static void test_a_file_cut_anywhere_is_refused(void **state)
{
    const struct image image = make_image();

    (void)state;
    for (size_t bytes = 0; bytes < sizeof(image); bytes++) {
        struct diag *diag = diag_new();

        assert_int_equal(convert(&image, bytes, diag), ERR_FORMAT);
        diag_free(diag);
    }
}

static int setup(void **state)
{
    (void)state;
    (void)snprintf(input, sizeof(input), "/tmp/test_flat.%d.elf", (int)getpid());
    (void)snprintf(output, sizeof(output), "/tmp/test_flat.%d.img", (int)getpid());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    (void)remove(input);
    (void)remove(output);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_segments_are_at_their_places),
        cmocka_unit_test(test_what_is_no_image_is_refused),
        cmocka_unit_test(test_a_file_cut_anywhere_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
