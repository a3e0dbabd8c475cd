/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/include/sysdesc.h"
#include "tests/mock/mock_elf.h"
#include "tests/mock/mock_system.h"
#include "tool/base/mem.h"

static void assert_fails(struct fixture *fixture, const char *word)
{
    assert_int_not_equal(mock_system_compose(fixture), ERR_OK);
    if (strstr(fixture->report, word) == NULL) {
        fail_msg("no \"%s\" in: %s", word, fixture->report);
    }
}

static void test_overlapping_maps_are_named(void **state)
{
    struct fixture *fixture = *state;

    mock_system_map(fixture->vmm, fixture->uart, 0x10001000, MODEL_READ, true);
    assert_fails(fixture, "PD \"vmm\": memory region \"uart\" at 0x10001000 overlaps memory region \"ram\"");
}

static void test_map_over_program(void **state)
{
    struct fixture *fixture = *state;

    mock_system_map(fixture->vmm, fixture->uart, 0x203000, MODEL_READ, true);
    assert_fails(fixture, "memory region \"uart\" at 0x203000 overlaps its data");
}

static void test_map_into_reserved_space(void **state)
{
    struct fixture *fixture = *state;

    mock_system_map(fixture->vmm, fixture->uart, SYSDESC_PD_RESERVED_BASE, MODEL_READ, true);
    assert_fails(fixture, "must end at or below 0x7fe0000000");
}

static void test_writable_and_executable_map(void **state)
{
    struct fixture *fixture = *state;

    mock_system_map(fixture->vmm, fixture->uart, 0x50000000, 7, true);
    assert_fails(fixture, "both writable and executable");
}

static void test_region_over_the_gic(void **state)
{
    struct fixture *fixture = *state;

    fixture->uart->phys_addr = 0x08000000;
    assert_fails(fixture, "covers the interrupt controller (gicd");
}

static void test_region_outside_everything(void **state)
{
    struct fixture *fixture = *state;

    fixture->uart->phys_addr = 0x20000000;
    assert_fails(fixture, "lies in neither RAM nor a device of board test");
}

static void test_region_over_the_kernel(void **state)
{
    struct fixture *fixture = *state;

    fixture->link->has_phys_addr = true;
    fixture->link->phys_addr = KERNEL_BASE + 0x1000;
    assert_fails(fixture,
                 "memory region \"link\" at 0x40201000, 0x3000 bytes long, overlaps the kernel's code");
}

static void test_out_of_ram(void **state)
{
    struct fixture *fixture = *state;

    fixture->ram->size_bytes = 128 * MIB;
    assert_fails(fixture, "out of RAM: no room for memory region \"ram\" (128.0 MiB)");
}

static void test_missing_program(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->driver->program_image);
    fixture->driver->program_image = mem_strdup("none.elf");
    assert_fails(fixture, "protection domain \"driver\": there is no program image none.elf");
}

static void test_missing_symbol_and_wrong_size(void **state)
{
    struct fixture *fixture = *state;

    model_add_setvar(fixture->vmm, "absent");
    model_add_setvar(fixture->vmm, "four");
    assert_fails(fixture, "has no symbol \"absent\"");
    assert_non_null(strstr(fixture->report, "symbol \"four\""));
}

static void test_config_of_another_version(void **state)
{
    struct fixture *fixture = *state;
    struct config_header config[2] = {mock_system_placeholder, {0}};

    config[0].version = 4;
    model_add_config(fixture->vmm, ".test_config", config, sizeof config);
    assert_fails(fixture, "section .test_config was built for another version");
}

static void test_config_without_section(void **state)
{
    struct fixture *fixture = *state;
    struct config_header config[2] = {mock_system_placeholder, {0}};

    model_add_config(fixture->vmm, ".absent", config, sizeof config);
    config[0].magic = 1;
    model_add_config(fixture->vmm, ".test_config", config, sizeof config);
    assert_fails(fixture, "section .absent does not exist");
    assert_non_null(strstr(fixture->report, "another kind of configuration"));
}

static void test_prefill_larger_than_its_region(void **state)
{
    struct fixture *fixture = *state;

    fixture->image->prefill_bytes = 0x1001;
    assert_fails(fixture, "too few for 0x1001 bytes");
}

static void test_wrong_kernel(void **state)
{
    struct fixture *fixture = *state;

    mock_elf_write(fixture->kernel, &mock_system_pd_elf);
    assert_fails(fixture, "is not a kernel for this tool");
}

static void test_channel_rules(void **state)
{
    struct fixture *fixture = *state;

    fixture->driver->priority = 100;
    model_add_irq(fixture->driver, 34, 7);
    model_add_irq(fixture->driver, 34, 8);
    model_add_irq(fixture->driver, 27, 10);
    model_add_irq(fixture->driver, 34, 62);
    assert_fails(fixture, "must go to a higher priority");
    assert_non_null(strstr(fixture->report, "channel id 7 of an interrupt is taken by a channel"));
    assert_non_null(strstr(fixture->report, "interrupt 34 is taken by \"driver\""));
    assert_non_null(strstr(fixture->report, "interrupt 27 is taken by \"kernel\""));
    assert_non_null(strstr(fixture->report, "is above 61"));
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
        MOCK_SYSTEM_TEST(test_overlapping_maps_are_named),
        MOCK_SYSTEM_TEST(test_map_over_program),
        MOCK_SYSTEM_TEST(test_map_into_reserved_space),
        MOCK_SYSTEM_TEST(test_writable_and_executable_map),
        MOCK_SYSTEM_TEST(test_region_over_the_gic),
        MOCK_SYSTEM_TEST(test_region_outside_everything),
        MOCK_SYSTEM_TEST(test_region_over_the_kernel),
        MOCK_SYSTEM_TEST(test_out_of_ram),
        MOCK_SYSTEM_TEST(test_missing_program),
        MOCK_SYSTEM_TEST(test_missing_symbol_and_wrong_size),
        MOCK_SYSTEM_TEST(test_config_of_another_version),
        MOCK_SYSTEM_TEST(test_config_without_section),
        MOCK_SYSTEM_TEST(test_prefill_larger_than_its_region),
        MOCK_SYSTEM_TEST(test_wrong_kernel),
        MOCK_SYSTEM_TEST(test_channel_rules),
        MOCK_SYSTEM_TEST(test_doorbell_on_mapped_memory),
        MOCK_SYSTEM_TEST(test_doorbell_to_a_stranger),
        MOCK_SYSTEM_TEST(test_what_only_one_can_have),
        MOCK_SYSTEM_TEST(test_figures_that_do_not_fit_a_row),
        MOCK_SYSTEM_TEST(test_posted_interrupts_to_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
