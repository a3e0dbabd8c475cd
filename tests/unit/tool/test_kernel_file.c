/* SPDX-License-Identifier: BSD-2-Clause */
/** Kernels in all that distributions pack them in, and files that are none. */
#include "tool/base/kernel_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define IMAGE_BYTES 100000u

static char folder[] = "/tmp/causeway-kernel-XXXXXX";
static uint8_t image[IMAGE_BYTES];

static void write_file(const char *name, const void *data, size_t bytes)
{
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
}

static void shell(const char *command)
{
    char line[512];

    snprintf(line, sizeof line, "cd %s && %s", folder, command);
    assert_int_equal(system(line), 0);
}

/* An Image with the header of an EFI stub whose one section ends with the file. */
static int setup(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < IMAGE_BYTES; i++) {
        image[i] = (uint8_t)(i * 7 >> 3);
    }
    memcpy(image, "MZ", 2);
    memcpy(image + 56, "ARM\x64\x40\0\0\0", 8);
    memcpy(image + 64, "PE\0\0\x64\xaa\x01\0", 8);
    memset(image + 72, 0, 12);
    memcpy(image + 84, "\0\0\0\0", 4);
    memset(image + 88, 0, 40);
    memcpy(image + 88 + 16, "\xa0\x76\x01\0\0\x10\0\0", 8); /* 95904 bytes from 4096 on: 100000 */
    write_file("Image", image, IMAGE_BYTES);
    return 0;
}

static int teardown(void **state)
{
    char line[64];

    (void)state;
    snprintf(line, sizeof line, "rm -r %s", folder);
    return system(line);
}

static enum err read_file(const char *name, struct kernel_file *kernel, char *text, size_t bytes)
{
    struct diag *diag = diag_new();
    char path[128];
    FILE *out = fmemopen(text, bytes, "w");

    snprintf(path, sizeof path, "%s/%s", folder, name);
    const enum err err = kernel_file_read(path, (struct loc){0}, diag, kernel);
    diag_print(diag, out);
    assert_int_equal(fclose(out), 0);
    diag_free(diag);
    return err;
}

static void check_unpacked(const char *name)
{
    struct kernel_file kernel;
    char text[1024] = "";

    if (read_file(name, &kernel, text, sizeof text) != ERR_OK) {
        fail_msg("%s: %s", name, text);
    }
    assert_int_equal(kernel.bytes, IMAGE_BYTES);
    assert_memory_equal(kernel.data, image, IMAGE_BYTES);
    assert_int_equal(kernel.is_unpacked, strcmp(name, "Image") != 0);
    kernel_file_free(&kernel);
}

static void check_refused(const char *name, const char *says)
{
    struct kernel_file kernel;
    char text[1024] = "";

    assert_int_equal(read_file(name, &kernel, text, sizeof text), ERR_FORMAT);
    if (strstr(text, says) == NULL) {
        fail_msg("%s: \"%s\" is not in \"%s\"", name, says, text);
    }
}

static void test_as_it_is(void **state)
{
    (void)state;
    check_unpacked("Image");
}

static void test_compressed(void **state)
{
    (void)state;
    shell("gzip -kq Image && xz -kq Image && bzip2 -kq Image");
    check_unpacked("Image.gz");
    check_unpacked("Image.xz");
    check_unpacked("Image.bz2");
    shell("zstd -q Image -o Image.zst && lz4 -q Image Image.lz4 && lz4 -lq Image Image.old");
    check_unpacked("Image.zst");
    check_unpacked("Image.lz4");
    check_unpacked("Image.old");
}

static void test_zboot_program(void **state)
{
    static uint8_t program[2 * IMAGE_BYTES];
    FILE *file;
    char path[128];
    size_t bytes;

    (void)state;
    shell("gzip -c Image >payload");
    snprintf(path, sizeof path, "%s/payload", folder);
    file = fopen(path, "rb");
    assert_non_null(file);
    bytes = fread(program + 4096, 1, IMAGE_BYTES, file);
    assert_int_equal(fclose(file), 0);
    memcpy(program, "MZ\0\0zimg\0\x10\0\0", 12);
    for (size_t i = 0; i < 4; i++) {
        program[12 + i] = (uint8_t)(bytes >> 8 * i);
    }
    memcpy(program + 24, "gzip", 5);
    write_file("vmlinuz", program, 4096 + bytes);
    check_unpacked("vmlinuz");
    write_file("vmlinuz", program, 4096 + bytes - 1);
    check_refused("vmlinuz", "an EFI zboot program that is truncated");
    memcpy(program + 24, "lzmb", 5);
    write_file("vmlinuz", program, 4096 + bytes);
    check_refused("vmlinuz", "unknown compression: lzmb");
}

static void test_debian_package(void **state)
{
    (void)state;
    shell("mkdir -p root/boot root/usr && cp Image root/boot/vmlinuz-6.1 && echo 2.0 >debian-binary && "
          "tar -C root -cf data.tar . && xz -q data.tar && tar -cf control.tar -T /dev/null && "
          "ar rc linux.deb debian-binary control.tar data.tar.xz");
    check_unpacked("linux.deb");
    shell("rm -r root/boot data.tar.xz && tar -C root -cf data.tar . && xz -q data.tar && "
          "ar rc other.deb debian-binary control.tar data.tar.xz");
    check_refused("other.deb", "a Debian package without a kernel");
    shell("head -c 200 linux.deb >short.deb");
    check_refused("short.deb", "a Debian package that is truncated");
}

static void test_truncated(void **state)
{
    (void)state;
    write_file("short", image, IMAGE_BYTES - 1);
    check_refused("short", "a truncated Image: 99999 of 100000 bytes");
    shell("gzip -c Image | head -c 200 >short.gz");
    check_refused("short.gz", "compressed by gzip, and truncated or damaged");
    write_file("short", image, 40);
    check_refused("short", "too short for an arm64 Image");
}

static void test_foreign(void **state)
{
    static uint8_t file[0x400];

    (void)state;
    memcpy(file + 0x202, "HdrS", 4);
    write_file("foreign", file, sizeof file);
    check_refused("foreign", "a kernel for x86");
    memset(file, 0, sizeof file);
    memcpy(file,
           "\x7f"
           "ELF\x02\x01",
           6);
    memcpy(file + 18, "\xb7", 1);
    write_file("foreign", file, sizeof file);
    check_refused("foreign", "an ELF file (vmlinux?)");
    memcpy(file + 18, "\x3e", 1);
    write_file("foreign", file, sizeof file);
    check_refused("foreign", "an ELF file of another architecture");
    memset(file, 0, sizeof file);
    write_file("foreign", file, sizeof file);
    check_refused("foreign", "is not an arm64 Image");
    memcpy(file, "\x27\x05\x19\x56", 4);
    write_file("foreign", file, sizeof file);
    check_refused("foreign", "uImage");
    shell("for i in 1 2 3 4 5 6; do gzip -c foreign >f.gz; mv f.gz foreign; done");
    check_refused("foreign", "packed too often");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_it_is),      cmocka_unit_test(test_compressed),
        cmocka_unit_test(test_zboot_program), cmocka_unit_test(test_debian_package),
        cmocka_unit_test(test_truncated),     cmocka_unit_test(test_foreign),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
