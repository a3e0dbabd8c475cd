/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/dts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#define BLOB_BYTES 0x10000u

struct fdt_blob dts_compile_file(const char *path)
{
    struct fdt_blob blob = {malloc(BLOB_BYTES), 0};
    char command[256];
    FILE *pipe;
    assert_non_null(blob.data);
    snprintf(command, sizeof command, "dtc -q -@ -I dts -O dtb %s", path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    blob.bytes = fread(blob.data, 1, BLOB_BYTES, pipe);
    assert_int_equal(pclose(pipe), 0);
    return blob;
}

struct fdt_blob dts_compile(const char *text)
{
    char path[] = "/tmp/causeway-dts-XXXXXX";
    int fd = mkstemp(path);
    struct fdt_blob blob;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    blob = dts_compile_file(path);
    remove(path);
    return blob;
}

void dts_check_silent(const struct fdt_blob *blob)
{
    char path[] = "/tmp/causeway-fdt-XXXXXX";
    char command[128];
    char line[256] = "";
    FILE *pipe;
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, blob->data, blob->bytes), blob->bytes);
    close(fd);
    snprintf(command, sizeof command, "dtc -I dtb -O dts -o /dev/null %s 2>&1", path);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    if (fgets(line, sizeof line, pipe) != NULL) {
        print_error("dtc: %s\n", line);
    }
    assert_int_equal(pclose(pipe), 0);
    assert_string_equal(line, "");
    remove(path);
}
