/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every tests/tool/NAME.system has one mistake, and says in comments what the tool has to say about it, all
 * of it and in this order:
 *
 *     <!-- expect: 12:5: error: <net>: switch "lam" is not declared; did you mean "lan"? -->
 *
 * Lines about other files start with the file's name. "guests/" stands for the guest directory. A description
 * without such comments has to be fine. `test_fixtures FILE...` prints what the tool says of these instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <glob.h>

#include "tests/mock/dts.h"
#include "tool/base/mem.h"
#include "tool/expand/frontend.h"

#define FOLDER "tests/tool/"
#define MIN_FIXTURES 120u

static char guest_dir[] = "/tmp/causeway-guests-XXXXXX";

/* Files that descriptions name. */
struct input {
    const char *guest;
    const char *file;
    const char *contents;
    size_t bytes;
    uint64_t image_bytes; /* header of an arm64 Image that asks for so much memory; 0: none */
};

/* An empty archive: c_namesize is that of its end. */
#define EIGHT_ZEROES "00000000"
#define FOUR_FIELDS EIGHT_ZEROES EIGHT_ZEROES EIGHT_ZEROES EIGHT_ZEROES
#define CPIO                                                                                                 \
    "070701" FOUR_FIELDS FOUR_FIELDS EIGHT_ZEROES EIGHT_ZEROES EIGHT_ZEROES "0000000b" EIGHT_ZEROES          \
    "TRAILER!!!"

static const struct input inputs[] = {
    {"tiny", "Image", NULL, 4096, 0x10000},
    {"huge", "Image", NULL, 4096, 0x40000000},
    {"empty", "Image", NULL, 0, 0},
    {"text", "Image", "not a kernel, but long enough", 128, 0},
    {"gzip", "Image", "\x1f\x8b\x08", 128, 0},
    {"ramdisk", "Image", "07070100000000", 128, 0},
    {"zimg", "Image", "MZ..zimg\x40", 128, 0},
    {"tiny", "initrd.cpio.gz", CPIO, 5000, 0},
    {"text", "initrd.cpio.gz", "no archive", 128, 0},
    {"gzip", "initrd.cpio.gz", "\x1f\x8b\x08", 128, 0},
    {"raw", "firmware.bin", NULL, 5000, 0},
    {"intel", "firmware.bin",
     "\x7f"
     "ELF\x02\x01\x01",
     128, 0},
    {"elf", "firmware.bin",
     "\x7f"
     "ELF",
     20, 0},
    {"tiny", "ext4.img", NULL, 0x100001, 0},
};

static void write_input(const struct input *input)
{
    char *folder = mem_printf("%s/%s", guest_dir, input->guest);
    char *path = mem_printf("%s/%s", folder, input->file);
    uint8_t *data = mem_zalloc(input->bytes + 64);
    FILE *file;

    if (input->contents != NULL) {
        memcpy(data, input->contents, strlen(input->contents));
    }
    if (input->image_bytes != 0) {
        memcpy(&data[16], &input->image_bytes, sizeof(input->image_bytes));
        memcpy(&data[56], "ARM\x64", 4);
    }
    (void)mkdir(folder, 0700);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, input->bytes, file), input->bytes);
    assert_int_equal(fclose(file), 0);
    free(data);
    free(path);
    free(folder);
}

static void remove_input(const struct input *input)
{
    char *path = mem_printf("%s/%s/%s", guest_dir, input->guest, input->file);

    (void)unlink(path);
    *strrchr(path, '/') = '\0';
    (void)rmdir(path); /* fails while there is another file in it */
    free(path);
}

/* Device trees that descriptions name, in the guest directory. */
static const struct {
    const char *file;
    const char *source; /* NULL: tests/mock/board.dts */
} trees[] = {
    {"board.dtb", NULL},
    {"note.dtbo", "/dts-v1/; /plugin/; &{/} { note { text = \"hello\"; }; };"},
    {"serial.dtbo", "/dts-v1/; /plugin/; &uart0 { current-speed = <115200>; };"},
    {"lie.dtbo", "/dts-v1/; /plugin/; &memory { reg = <0 0x40000000 0 0x4000000>; };"},
    {"empty.dtb", "/dts-v1/; / { };"},
    {"own.dtb",
     "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
     "memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x2000000>; };"
     "cpus { #address-cells = <1>; #size-cells = <0>; cpu@0 { device_type = \"cpu\"; reg = <0>; }; };"
     "psci { compatible = \"arm,psci-1.0\"; method = \"hvc\"; };"
     "timer { compatible = \"arm,armv8-timer\"; interrupts = <1 13 8 1 14 8 1 11 8 1 10 8>; };"
     "gic: gic@8000000 { compatible = \"arm,gic-400\"; interrupt-controller; #interrupt-cells = <3>;"
     "reg = <0 0x8000000 0 0x10000 0 0x8010000 0 0x10000>; }; };"},
};

static void write_tree(size_t index)
{
    struct fdt_blob blob = trees[index].source == NULL ? dts_compile_file("tests/mock/board.dts")
                                                       : dts_compile(trees[index].source);
    char *path = mem_printf("%s/%s", guest_dir, trees[index].file);
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(blob.data, 1, blob.bytes, file), blob.bytes);
    assert_int_equal(fclose(file), 0);
    fdt_blob_free(&blob);
    free(path);
}

static void remove_tree(size_t index)
{
    char *path = mem_printf("%s/%s", guest_dir, trees[index].file);

    (void)unlink(path);
    free(path);
}

/* Every `from` in `text` replaced by the shorter `to`, in place. */
static void replace_all(char *text, const char *from, const char *to)
{
    char *at;

    while ((at = strstr(text, from)) != NULL) {
        memcpy(at, to, strlen(to));
        memmove(at + strlen(to), at + strlen(from), strlen(at + strlen(from)) + 1);
    }
}

/* What the tool says of a description. */
static char *run_tool(const char *path)
{
    struct diag *diag = diag_new();
    struct vars vars = {0};
    const char *search_dirs[] = {guest_dir};
    char *board_dtb = mem_printf("%s/board.dtb", guest_dir);
    struct expand_options options = {
        .system_path = path,
        .guest_dir = guest_dir,
        .default_board = "qemu_virt_aarch64",
        .search_dirs = search_dirs,
        .search_dir_count = 1,
        .board_dtb = board_dtb,
        .needs_files = true,
    };
    char *said = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&said, &bytes);
    char *own = mem_printf("%s:", path);
    char *line_start = mem_printf("\n%s ", own);

    assert_true(vars_define(&vars, "SET=12"));
    model_free(frontend_load(diag, &vars, &options));
    fputc('\n', out); /* so that every line has one in front */
    diag_print(diag, out);
    fclose(out);
    replace_all(said, line_start, "\n0: ");
    line_start[strlen(line_start) - 1] = '\0';
    replace_all(said, line_start, "\n");
    replace_all(said, guest_dir, "guests");
    replace_all(said, FOLDER, "");
    free(line_start);
    free(own);
    free(board_dtb);
    vars_free(&vars);
    diag_free(diag);
    return said;
}

/* What its comments expect. */
static char *read_expectations(const char *path)
{
    static const char start[] = "<!-- expect: ";
    char *expected = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&expected, &bytes);
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    assert_non_null(file);
    fputc('\n', out);
    while (getline(&line, &room, file) >= 0) {
        char *end = strstr(line, " -->");

        if (strncmp(line, start, strlen(start)) == 0 && end != NULL) {
            *end = '\0';
            fprintf(out, "%s\n", line + strlen(start));
        }
    }
    free(line);
    fclose(file);
    fclose(out);
    return expected;
}

static bool says_what_is_expected(const char *path)
{
    char *said = run_tool(path);
    char *expected = read_expectations(path);
    bool same = strcmp(said, expected) == 0;

    if (!same) {
        print_error("%s: expected:%s%s: said:%s", path, expected, path, said);
    }
    free(said);
    free(expected);
    return same;
}

static size_t check_all(const char *pattern, size_t *wrong)
{
    glob_t files;
    size_t count;

    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    count = files.gl_pathc;
    for (size_t i = 0; i < count; i++) {
        *wrong += says_what_is_expected(files.gl_pathv[i]) ? 0 : 1;
    }
    globfree(&files);
    return count;
}

static void test_every_mistake_is_explained(void **state)
{
    (void)state;
    size_t wrong = 0;
    size_t count = check_all(FOLDER "*.system", &wrong);

    print_message("%zu descriptions\n", count);
    assert_int_equal(wrong, 0);
    assert_true(count >= MIN_FIXTURES);
}

static int set_up(void **state)
{
    (void)state;
    if (mkdtemp(guest_dir) == NULL) {
        return -1;
    }
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        write_input(&inputs[i]);
    }
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        write_tree(i);
    }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        remove_input(&inputs[i]);
    }
    for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
        remove_tree(i);
    }
    return rmdir(guest_dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_mistake_is_explained),
    };

    if (argc > 1) {
        (void)set_up(NULL);
        for (int i = 1; i < argc; i++) {
            char *said = run_tool(argv[i]);

            printf("%s:%s", argv[i], said);
            free(said);
        }
        return tear_down(NULL);
    }
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
