/* SPDX-License-Identifier: BSD-2-Clause */
/** Initramfs archives, and files that are none. */
#include "tool/base/initrd_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/causeway-initrd-XXXXXX";
static char archive[4096];
static size_t used;

static void pad(void)
{
    used = (used + 3) / 4 * 4;
}

static void add(const char *name, const void *data, size_t bytes)
{
    const size_t name_bytes = strlen(name) + 1;

    used += (size_t)snprintf(archive + used, sizeof archive - used, "070701%08x%08x%08x%08x%08x%08x%08zx", 1,
                             0100755, 0, 0, 1, 0, bytes);
    used += (size_t)snprintf(archive + used, sizeof archive - used, "%08x%08x%08x%08x%08zx%08x", 0, 0, 0, 0,
                             name_bytes, 0);
    memcpy(archive + used, name, name_bytes);
    used += name_bytes;
    pad();
    memcpy(archive + used, data, bytes);
    used += bytes;
    pad();
}

static int setup(void **state)
{
    (void)state;
    memset(archive, 0, sizeof archive);
    used = 0;
    return 0;
}

static int make_path(void **state)
{
    const int file = mkstemp(path);

    (void)state;
    return file < 0 ? 1 : close(file);
}

static int remove_path(void **state)
{
    (void)state;
    return unlink(path);
}

/* What is said of the first `bytes` of the archive; "": nothing. */
static enum err check(size_t bytes, char *text, size_t room)
{
    struct diag *diag = diag_new();
    FILE *file = fopen(path, "wb");
    FILE *out = fmemopen(text, room, "w");
    enum err err;

    assert_non_null(file);
    assert_int_equal(fwrite(archive, 1, bytes, file), bytes);
    assert_int_equal(fclose(file), 0);
    err = initrd_file_check(path, (struct loc){0}, diag);
    diag_print(diag, out);
    assert_int_equal(fclose(out), 0);
    diag_free(diag);
    return err;
}

static void check_refused(size_t bytes, const char *says)
{
    char text[512] = "";

    assert_int_equal(check(bytes, text, sizeof text), ERR_FORMAT);
    if (strstr(text, says) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", says, text);
    }
}

static void test_a_script_and_a_program_of_arm64(void **state)
{
    uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 2, 1};
    char text[512] = "";

    (void)state;
    elf[18] = 0xb7;
    add("bin/sh", elf, sizeof elf);
    add("init", "#!/bin/sh\n", 10);
    add("TRAILER!!!", "", 0);
    assert_int_equal(check(used, text, sizeof text), ERR_OK);
    setup(NULL);
    add("init", elf, sizeof elf);
    add("TRAILER!!!", "", 0);
    assert_int_equal(check(used, text, sizeof text), ERR_OK);
    assert_string_equal(text, "");
}

static void test_a_program_of_another_architecture(void **state)
{
    uint8_t elf[64] = {0x7f, 'E', 'L', 'F', 2, 1};

    (void)state;
    elf[18] = 0x3e;
    add("./init", elf, sizeof elf);
    add("TRAILER!!!", "", 0);
    check_refused(used, "its /init is a program of another architecture");
}

static void test_truncated(void **state)
{
    (void)state;
    add("init", "#!/bin/sh\n", 10);
    add("TRAILER!!!", "", 0);
    check_refused(used - 20, "truncated");
    memcpy(archive, "\x1f\x8b\x08\0\0", 5);
    check_refused(used, "compressed by gzip, and truncated or damaged");
}

static void test_no_archive(void **state)
{
    (void)state;
    memcpy(archive, "root:x:0:0", 10);
    check_refused(200, "no cpio archive");
    check_refused(3, "no cpio archive");
}

static void test_sizes_that_lie(void **state)
{
    (void)state;
    add("init", "#!/bin/sh\n", 10);
    memcpy(archive + 54, "ffffffff", 8);
    check_refused(used, "truncated");
    memcpy(archive + 54, "0000000a", 8);
    memcpy(archive + 94, "ffffffff", 8);
    check_refused(used, "truncated");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_script_and_a_program_of_arm64, setup),
        cmocka_unit_test_setup(test_a_program_of_another_architecture, setup),
        cmocka_unit_test_setup(test_truncated, setup),
        cmocka_unit_test_setup(test_no_archive, setup),
        cmocka_unit_test_setup(test_sizes_that_lie, setup),
    };
    return cmocka_run_group_tests(tests, make_path, remove_path);
}
