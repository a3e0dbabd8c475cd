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
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
