/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/mock_system.h"
#include "tool/base/file.h"
#include "tool/base/mem.h"
#include "tool/show/report.h"

static char *print(const struct model *model, const struct image *image)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    report_print(model, image, out);
    fclose(out);
    return text;
}

static void assert_has(const char *text, const char *expected)
{
    if (strstr(text, expected) == NULL) {
        fail_msg("no \"%s\" in:\n%s", expected, text);
    }
}

static void test_report_of_an_image(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    mock_system_compose_well(fixture);
    text = print(fixture->model, fixture->result);
    assert_has(text, "System sample on board test\n");
    assert_has(text, "  vmm:3 (notifies, calls) <-> driver:7 (notifies)\n");
    assert_has(text, "  the kernel's log -> driver:9\n");
    assert_has(text, "    33 level -> driver:1\n");
    assert_has(text, "  0x0009000000 .. 0x0009000fff      4 KiB  memory region \"uart\"\n");
    assert_has(text, "  0x0040000000 .. 0x00401fffff      2 MiB  the firmware's device tree\n");
    assert_has(text, "  \"image\", image, 4 KiB, at 0x");
    assert_has(text, " holds 5 bytes\n      r-- PD vmm at 0x20000000\n");
    assert_has(text, "rw- PD driver at 0x31000000, not cached\n");
    assert_has(text, " of 64 MiB\n");
    free(text);
}

static void test_reach(void **state)
{
    struct fixture *fixture = *state;
    char *text = print(fixture->model, NULL);

    assert_has(text, "  PD vmm -> VM guest\n"
                     "      VMM: runs it and handles its faults\n"
                     "      memory \"ram\", 0x400000 bytes, which it writes too\n");
    assert_has(text, "  PD vmm -> PD driver\n"
                     "      notification, channel 3, there 7\n"
                     "      protected procedure call, channel 3, there 7\n"
                     "      memory \"link\", 0x3000 bytes\n");
    assert_has(text, "  VM guest -> PD driver\n"
                     "      doorbell at 0xa000050, there channel 7\n");
    assert_has(text, "  PD driver -> PD vmm\n"
                     "      notification, channel 7, there 3\n"
                     "\nMemory");
    assert_null(strstr(text, "Physical memory"));
    assert_null(strstr(text, "PD driver -> VM guest"));
    free(text);
}

static void test_who_is_on_which_core(void **state)
{
    struct fixture *fixture = *state;
    char *text = print(fixture->model, NULL);

    assert_null(strstr(text, "Cores"));
    assert_null(strstr(text, " on cores "));
    assert_null(strstr(text, "may debug"));
    free(text);
    fixture->vmm->vm->debug = true;
    fixture->driver->core = 1;
    fixture->vmm->vm->vcpus[0].core = 1;
    model_add_vcpu(fixture->vmm->vm, 9)->core = 0;
    text = print(fixture->model, NULL);
    assert_has(text, "  VM of 2 vCPUs on cores 1 0, which its VMM may debug\n");
    assert_has(text, "\nCores, with protection domains and vCPUs\n");
    assert_has(text, "\n  core 0: vmm guest/1");
    assert_has(text, "\n  core 1: guest/0 driver\n");
    free(text);
}

static void test_posted_interrupt_reaches_the_vm(void **state)
{
    struct fixture *fixture = *state;
    char *text;

    model_add_post(fixture->driver, fixture->vmm, 7)->virq = 40;
    model_add_post(fixture->driver, fixture->vmm, 7)->virq = 40;
    fixture->driver->posts[1].delay_us = 300;
    text = print(fixture->model, NULL);
    assert_has(
        text,
        "  PD driver -> VM guest\n      posted interrupt 40, id 64\n      posted interrupt 40, id 65\n");
    assert_has(text, "       posted driver:64 -> VM guest as 40\n"
                     "       posted driver:65 -> VM guest as 40, up to 300 us late\n");
    free(text);
}

static void test_written_file(void **state)
{
    struct fixture *fixture = *state;
    char *text = print(fixture->model, NULL);
    uint8_t *file;
    size_t bytes;

    assert_int_equal(report_write(fixture->model, NULL, fixture->output, fixture->diag), ERR_OK);
    assert_int_equal(file_read(fixture->output, (struct loc){0}, fixture->diag, &file, &bytes), ERR_OK);
    assert_int_equal(bytes, strlen(text));
    assert_memory_equal(file, text, bytes);
    assert_int_equal(report_write(fixture->model, NULL, "/nonexistent/report.txt", fixture->diag), ERR_IO);
    free(file);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOCK_SYSTEM_TEST(test_report_of_an_image),   MOCK_SYSTEM_TEST(test_reach),
        MOCK_SYSTEM_TEST(test_who_is_on_which_core), MOCK_SYSTEM_TEST(test_posted_interrupt_reaches_the_vm),
        MOCK_SYSTEM_TEST(test_written_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
