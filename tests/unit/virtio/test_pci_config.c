/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "vmm/pci/pci_config.h"

#define BAR_BASE 0x10008000u
#define BAR_BYTES 0x4000u

static const struct pci_config_identity identity = {.vendor = 0x1af4,
                                                    .device = 0x1041,
                                                    .subsystem_vendor = 0x1234,
                                                    .subsystem = 0x5678,
                                                    .class_code = 0x020001,
                                                    .revision = 3};

static struct pci_config make(void)
{
    struct pci_config config;

    pci_config_init(&config, &identity);
    pci_config_set_bar(&config, 0, BAR_BASE, BAR_BYTES);
    return config;
}

static void test_identity(void **state)
{
    const struct pci_config config = make();

    (void)state;
    assert_int_equal(pci_config_read(&config, 0x00, 4), 0x10411af4);
    assert_int_equal(pci_config_read(&config, 0x08, 4), 0x02000103);
    assert_int_equal(pci_config_read(&config, 0x2c, 4), 0x56781234);
    assert_int_equal(pci_config_read(&config, 0x0e, 1), 0); /* header type 0, one function */
    assert_int_equal(pci_config_read(&config, 0x3d, 1), 0); /* no INTx */
    assert_int_equal(pci_config_read(&config, 0x34, 1), 0); /* no capability yet */
    assert_int_equal(pci_config_read(&config, 0x06, 2), 0);
}

static void test_read_only_registers_stay(void **state)
{
    struct pci_config config = make();

    (void)state;
    for (uint32_t offset = 0; offset < PCI_CONFIG_BYTES; offset += 4) {
        pci_config_write(&config, offset, UINT32_MAX, 4);
    }
    assert_int_equal(pci_config_read(&config, 0x00, 4), 0x10411af4);
    assert_int_equal(pci_config_read(&config, 0x04, 4), 0x00000406); /* memory, master, INTx off; no I/O */
    assert_int_equal(pci_config_read(&config, 0x3c, 4), 0x000000ff); /* the interrupt line is the driver's */
    for (uint32_t offset = 0x14; offset < 0x28; offset += 4) {
        assert_int_equal(pci_config_read(&config, offset, 4), 0); /* BARs that are not there */
    }
    pci_config_reset(&config);
    assert_int_equal(pci_config_read(&config, 0x04, 4), 0);
}

static void test_bar_is_sized_and_moved(void **state)
{
    struct pci_config config = make();

    (void)state;
    assert_int_equal(pci_config_bar(&config, 0), BAR_BASE);
    pci_config_write(&config, 0x10, UINT32_MAX, 4);
    assert_int_equal(pci_config_read(&config, 0x10, 4), 0xffffc000u);
    pci_config_write(&config, 0x10, 0x2001ffff, 4);
    assert_int_equal(pci_config_bar(&config, 0), 0x2001c000);
    /* In pieces, too: nobody says that it has to be a word. */
    pci_config_write(&config, 0x12, 0x3003, 2);
    pci_config_write(&config, 0x11, 0x47, 1);
    assert_int_equal(pci_config_bar(&config, 0), 0x30034000);
    pci_config_reset(&config);
    assert_int_equal(pci_config_bar(&config, 0), BAR_BASE);
}

static void test_command(void **state)
{
    struct pci_config config = make();

    (void)state;
    assert_false(pci_config_command_has(&config, PCI_CONFIG_COMMAND_MEMORY));
    pci_config_write(&config, PCI_CONFIG_COMMAND, PCI_CONFIG_COMMAND_MEMORY, 2);
    assert_true(pci_config_command_has(&config, PCI_CONFIG_COMMAND_MEMORY));
    assert_false(pci_config_command_has(&config, PCI_CONFIG_COMMAND_MEMORY | PCI_CONFIG_COMMAND_MASTER));
}

static void test_capabilities_form_a_list(void **state)
{
    struct pci_config config = make();
    const uint8_t body[] = {0x11, 0x22, 0x33};
    const uint8_t writable[] = {0, 0xf0, 0xff};
    uint32_t first, second;

    (void)state;
    assert_int_equal(pci_config_add_capability(&config, 0x09, body, NULL, sizeof body, &first), ERR_OK);
    assert_int_equal(pci_config_add_capability(&config, 0x11, body, writable, sizeof body, &second), ERR_OK);
    assert_int_equal(pci_config_read(&config, 0x06, 2), PCI_CONFIG_STATUS_CAPABILITIES);
    assert_int_equal(pci_config_read(&config, 0x34, 1), first);
    assert_int_equal(pci_config_read(&config, first, 2), second << 8 | 0x09);
    assert_int_equal(pci_config_read(&config, second, 2), 0x0011); /* the last one */
    assert_int_equal(second % 4, 0);
    pci_config_write(&config, first + 2, 0, 4);
    assert_int_equal(pci_config_read(&config, first + 2, 4) & 0xffffff, 0x332211);
    pci_config_write(&config, second + 2, 0, 4);
    assert_int_equal(pci_config_read(&config, second + 2, 4) & 0xffffff, 0x000211);
}

static void test_capabilities_end_with_the_space(void **state)
{
    struct pci_config config = make();
    const uint8_t body[PCI_CONFIG_BYTES] = {0};
    uint32_t at = 0, count = 0;

    (void)state;
    assert_int_equal(pci_config_add_capability(&config, 9, body, NULL, 191, &at), ERR_SPACE);
    assert_int_equal(pci_config_add_capability(&config, 9, body, NULL, UINT32_MAX, &at), ERR_SPACE);
    while (pci_config_add_capability(&config, 9, body, NULL, 14, &at) == ERR_OK) {
        count++;
    }
    assert_int_equal(count, 12);
    assert_int_equal(at, 0xf0);
}

static void test_accesses_stay_inside(void **state)
{
    struct pci_config config = make();
    const uint64_t offsets[] = {252, 255, 256, 1000, UINT64_MAX - 3, UINT64_MAX};

    (void)state;
    for (size_t i = 0; i < sizeof offsets / sizeof offsets[0]; i++) {
        for (uint32_t bytes = 1; bytes <= 8; bytes *= 2) {
            pci_config_write(&config, offsets[i], UINT64_MAX, bytes);
            assert_int_equal(pci_config_read(&config, offsets[i], bytes), 0);
        }
    }
    assert_int_equal(pci_config_read(&config, 0, 8), 0x10411af4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity),
        cmocka_unit_test(test_read_only_registers_stay),
        cmocka_unit_test(test_bar_is_sized_and_moved),
        cmocka_unit_test(test_command),
        cmocka_unit_test(test_capabilities_form_a_list),
        cmocka_unit_test(test_capabilities_end_with_the_space),
        cmocka_unit_test(test_accesses_stay_inside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
