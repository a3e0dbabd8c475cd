/* SPDX-License-Identifier: BSD-2-Clause */
/* Doorbells, posted interrupts and what only one PD can have, in a model made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/mock/mock_system.h"
#include "tool/model/check.h"

static void assert_fails(struct fixture *fixture, const char *word)
{
    mock_system_check(fixture, check_wiring);
    if (strstr(fixture->report, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, fixture->report);
    }
}

static void test_what_is_right_is_silent(void **state)
{
    struct fixture *fixture = *state;

    mock_system_check(fixture, check_wiring);
    assert_string_equal(fixture->report, "");
}

static void test_doorbell_on_mapped_memory(void **state)
{
    struct fixture *fixture = *state;

    fixture->vmm->vm->doorbells[0].gpa = 0x40000100;
    assert_fails(fixture, "memory region \"ram\", which it can write, covers the doorbell at 0x40000100");
}

static void test_doorbell_to_a_stranger(void **state)
{
    struct fixture *fixture = *state;

    fixture->vmm->vm->doorbells[0].channel = 8;
    fixture->vmm->vm->doorbells[1].width_bytes = 3;
    assert_fails(fixture, "channel 8 of \"driver\", which is none that joins it with \"vmm\"");
    assert_non_null(strstr(fixture->report, "is 3 bytes wide"));
}

static void test_what_only_one_can_have(void **state)
{
    struct fixture *fixture = *state;

    fixture->vmm->klog_reader = fixture->vmm->gets_seed = fixture->driver->gets_seed = true;
    assert_fails(fixture, "2 protection domains read the kernel's log");
    assert_non_null(strstr(fixture->report, "2 protection domains get the firmware's random seed"));
}

static void test_figures_that_do_not_fit_a_row(void **state)
{
    struct fixture *fixture = *state;

    fixture->vmm->vm->doorbells[0].delay_us = 0x10000;
    model_add_post(fixture->driver, fixture->vmm, 7)->virq = 1020;
    assert_fails(fixture, "the doorbell at 0xa000050 may be late by 65536 us");
    assert_non_null(
        strstr(fixture->report, "posted interrupt from \"driver\" to \"vmm\": 1020, late by up to 0 us"));
}

static void test_posted_interrupts_to_nobody(void **state)
{
    struct fixture *fixture = *state;

    model_add_post(fixture->driver, fixture->vmm, 8)->virq = 40;
    model_add_post(fixture->vmm, fixture->driver, 3)->virq = 40;
    model_add_post(fixture->vmm, fixture->vmm, 3)->virq = 40;
    assert_fails(fixture, "from \"driver\" to \"vmm\": channel 8 is none that joins the two");
    assert_non_null(strstr(fixture->report, "from \"vmm\" to \"driver\": there is no virtual machine there"));
    assert_non_null(strstr(fixture->report, "from \"vmm\" to \"vmm\": channel 3 is none that joins the two"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        MOCK_SYSTEM_TEST(test_what_is_right_is_silent),
        MOCK_SYSTEM_TEST(test_doorbell_on_mapped_memory),
        MOCK_SYSTEM_TEST(test_doorbell_to_a_stranger),
        MOCK_SYSTEM_TEST(test_what_only_one_can_have),
        MOCK_SYSTEM_TEST(test_figures_that_do_not_fit_a_row),
        MOCK_SYSTEM_TEST(test_posted_interrupts_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
