/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/dts.h"
#include "tool/fdt/fdt_board.h"
#include "tool/fdt/fdt_passthrough.h"

static int set_up(void **state)
{
    struct fdt_blob *board = malloc(sizeof *board);
    struct fdt_error error = {{0}};
    assert_non_null(board);
    *board = dts_compile_file("tests/mock/board.dts");
    assert_int_equal(fdt_board_check(board->data, board->bytes, &error), ERR_OK);
    *state = board;
    return 0;
}

static int tear_down(void **state)
{
    fdt_blob_free(*state);
    free(*state);
    return 0;
}

static struct fdt_board_device find(const struct fdt_blob *board, const char *path)
{
    struct fdt_board_device device;
    struct fdt_error error = {{0}};
    if (fdt_board_find(board->data, path, &device, &error) != ERR_OK) {
        fail_msg("%s: %s", path, error.text);
    }
    return device;
}

static void check_not_found(const struct fdt_blob *board, const char *path, enum err err, const char *words)
{
    struct fdt_board_device device;
    struct fdt_error error = {{0}};
    assert_int_equal(fdt_board_find(board->data, path, &device, &error), err);
    if (strstr(error.text, words) == NULL) {
        fail_msg("%s: \"%s\" lacks \"%s\"", path, error.text, words);
    }
}

static void test_registers_and_interrupts_are_found(void **state)
{
    struct fdt_board_device device = find(*state, "/rtc@9010000");
    assert_int_equal(device.window_count, 1);
    assert_int_equal(device.windows[0].gpa, 0x9010000);
    assert_int_equal(device.windows[0].bytes, 0x1000);
    assert_int_equal(device.irq_count, 1);
    assert_int_equal(device.irqs[0].intid, 34);
    assert_false(device.irqs[0].edge);
    assert_int_equal(device.dma, FDT_DMA_NONE);
    device = find(*state, "rtc0"); /* an alias */
    assert_int_equal(device.windows[0].gpa, 0x9010000);
    device = find(*state, "/gpio@9030000");
    assert_int_equal(device.windows[0].bytes, 0x1000); /* whole pages */
    assert_int_equal(device.irqs[0].intid, 39);
    assert_true(device.irqs[0].edge);
}

static void test_buses_translate(void **state)
{
    struct fdt_board_device device = find(*state, "/bus@c000000/device@2000");
    assert_int_equal(device.window_count, 2); /* the first two touch */
    assert_int_equal(device.windows[0].gpa, 0xc002000);
    assert_int_equal(device.windows[0].bytes, 0x2000);
    assert_int_equal(device.windows[1].gpa, 0x100001000);
    assert_int_equal(device.irq_count, 2);
    assert_int_equal(device.irqs[0].intid, 52);
    assert_true(device.irqs[0].edge);
    assert_int_equal(device.irqs[1].intid, 53);
    assert_false(device.irqs[1].edge);
    check_not_found(*state, "/bus@c000000/bad@200000", ERR_RANGE, "does not translate address 0x200000");
}

static void test_children_with_other_addresses_are_no_registers(void **state)
{
    struct fdt_board_device device = find(*state, "/i2c@d000000");
    assert_int_equal(device.window_count, 1);
    assert_int_equal(device.dma, FDT_DMA_MASTER);
    check_not_found(*state, "/i2c@d000000/sensor@48", ERR_UNSUPPORTED, "not memory addresses");
}

static void test_devices_of_other_controllers_have_no_interrupt_here(void **state)
{
    struct fdt_board_device device = find(*state, "/button@9050000");
    assert_int_equal(device.irq_count, 0);
    device = find(*state, "/gpio-keys");
    assert_int_equal(device.window_count, 0);
}

static void test_what_cannot_be_given_away_is_refused(void **state)
{
    check_not_found(*state, "/nothing@0", ERR_RANGE, "no node \"/nothing@0\"");
    check_not_found(*state, "/", ERR_DENIED, "no device");
    check_not_found(*state, "/memory@40000000", ERR_DENIED, "no device");
    check_not_found(*state, "/cpus/cpu@0", ERR_DENIED, "no device");
    check_not_found(*state, "/intc@8000000", ERR_DENIED, "no device");
    check_not_found(*state, "/timer", ERR_DENIED, "no device");
    check_not_found(*state, "/chosen", ERR_DENIED, "no device");
    check_not_found(*state, "/off@b000000", ERR_UNSUPPORTED, "disabled");
    check_not_found(*state, "/private-irq@b001000", ERR_UNSUPPORTED, "shared peripheral");
    check_not_found(*state, "/neighbour@a000000", ERR_DENIED,
                    "0xa000000 has registers of /neighbour@a000200");
}

static struct fdt_blob new_guest(void)
{
    const struct fdt_guest guest = {.cpu_count = 1,
                                    .ram = {0x40000000, 0x4000000},
                                    .gicd = {0x8000000, 0x10000},
                                    .gicc = {0x8010000, 0x10000},
                                    .pl011 = {.window = {0x9000000, 0x1000}, .intid = 33}};
    struct fdt_blob blob = {NULL, 0};
    struct fdt_error error = {{0}};
    assert_int_equal(fdt_guest_build(&guest, &blob, &error), ERR_OK);
    return blob;
}

static struct fdt_blob copy(const struct fdt_blob *board, const struct fdt_passed *paths, size_t count)
{
    struct fdt_blob guest = new_guest();
    struct fdt_error error = {{0}};
    size_t culprit;
    if (fdt_passthrough_copy(&guest, board->data, paths, count, &culprit, &error) != ERR_OK) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(fdt_check_full(guest.data, guest.bytes), 0);
    return guest;
}

static uint32_t cell(const void *fdt, const char *path, const char *name, int index)
{
    int bytes = 0;
    int node = fdt_path_offset(fdt, path);
    const fdt32_t *cells = node < 0 ? NULL : fdt_getprop(fdt, node, name, &bytes);
    if (cells == NULL || bytes < 4 * (index + 1)) {
        fail_msg("%s: no cell %d of %s", path, index, name);
        return 0;
    }
    return fdt32_to_cpu(cells[index]);
}

static void test_node_comes_with_its_clock(void **state)
{
    const struct fdt_passed paths[] = {{"/rtc@9010000", 0}};
    struct fdt_blob guest = copy(*state, paths, 1);
    const void *fdt = guest.data;
    assert_int_equal(cell(fdt, "/rtc@9010000", "reg", 1), 0x9010000);
    assert_int_equal(cell(fdt, "/rtc@9010000", "reg", 3), 0x1000);
    assert_int_equal(cell(fdt, "/rtc@9010000", "interrupts", 1), 2);
    assert_int_equal(fdt_node_offset_by_phandle(fdt, cell(fdt, "/rtc@9010000", "clocks", 0)),
                     fdt_path_offset(fdt, "/apb-pclk"));
    assert_int_equal(cell(fdt, "/apb-pclk", "clock-frequency", 0), 24000000);
    assert_true(fdt_path_offset(fdt, "/half-clk") < 0);
    dts_check_silent(&guest);
    fdt_blob_free(&guest);
}

static void test_nodes_refer_to_each_other(void **state)
{
    const struct fdt_passed paths[] = {{"/gpio-keys", 0}, {"/button@9050000", 0}, {"/gpio@9030000", 0}};
    struct fdt_blob guest = copy(*state, paths, 3);
    const void *fdt = guest.data;
    uint32_t gpio = cell(fdt, "/gpio@9030000", "phandle", 0);
    assert_int_equal(cell(fdt, "/gpio-keys/poweroff", "gpios", 0), gpio);
    assert_int_equal(cell(fdt, "/gpio-keys/poweroff", "gpios", 1), 3);
    assert_int_equal(cell(fdt, "/gpio-keys/poweroff", "test,nr-gpios", 0),
                     1); /* no phandle, whatever it ends in */
    assert_int_equal(cell(fdt, "/button@9050000", "interrupt-parent", 0), gpio);
    /* The clock of the GPIO is made from another. */
    assert_int_equal(cell(fdt, "/gpio@9030000", "clocks", 0), cell(fdt, "/half-clk", "phandle", 0));
    assert_int_equal(cell(fdt, "/half-clk", "clocks", 0), cell(fdt, "/apb-pclk", "phandle", 0));
    dts_check_silent(&guest);
    fdt_blob_free(&guest);
}

static void test_node_below_a_bus_gets_its_translated_registers(void **state)
{
    const struct fdt_passed paths[] = {{"/bus@c000000/device@2000", 0}, {"/gpio@9030000", 0}};
    struct fdt_blob guest = copy(*state, paths, 2);
    const void *fdt = guest.data;
    assert_int_equal(cell(fdt, "/device@2000", "reg", 1), 0xc002000);
    assert_int_equal(cell(fdt, "/device@2000", "reg", 8), 1);
    assert_int_equal(cell(fdt, "/device@2000", "reg", 9), 0x1000);
    assert_int_equal(cell(fdt, "/device@2000", "interrupts-extended", 0), FDT_GUEST_PHANDLE_GIC);
    assert_int_equal(cell(fdt, "/device@2000", "interrupts-extended", 2), 20);
    assert_int_equal(cell(fdt, "/device@2000", "interrupts-extended", 4),
                     cell(fdt, "/gpio@9030000", "phandle", 0));
    fdt_blob_free(&guest);
}

static void check_refused(const struct fdt_blob *board, const struct fdt_passed *paths, size_t count,
                          enum err err, const char *words)
{
    struct fdt_blob guest = new_guest();
    struct fdt_error error = {{0}};
    void *data = guest.data;
    size_t culprit = SIZE_MAX;
    assert_int_equal(fdt_passthrough_copy(&guest, board->data, paths, count, &culprit, &error), err);
    assert_int_equal(culprit, count - 1);
    assert_ptr_equal(guest.data, data);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", error.text, words);
    }
    fdt_blob_free(&guest);
}

static void test_missing_providers_are_named(void **state)
{
    const struct fdt_passed keys[] = {{"/rtc@9010000", 0}, {"/gpio-keys", 0}};
    const struct fdt_passed clocked[] = {{"/clocked@9060000", 0}};
    const struct fdt_passed twice[] = {{"/bus@c000000", 0}, {"/bus@c000000/device@2000", 0}};
    const struct fdt_passed nothing[] = {{"/nothing", 0}};
    check_refused(*state, keys, 2, ERR_UNSUPPORTED, "needs /gpio@9030000");
    check_refused(*state, clocked, 1, ERR_UNSUPPORTED, "needs /clock-controller@a100000");
    check_refused(*state, twice, 2, ERR_RANGE, "passed through twice");
    check_refused(*state, nothing, 1, ERR_RANGE, "no node");
}

static void test_what_firmware_has_set_stays_so(void **state)
{
    const struct fdt_passed nodes[] = {{"/served@d100000", 100000000}, {"/gpio@9030000", 0}};
    const struct fdt_passed unsaid[] = {{"/gpio@9030000", 0}, {"/served@d100000", 0}};
    const struct fdt_passed alone[] = {{"/served@d100000", 100000000}};
    struct fdt_blob guest = copy(*state, nodes, 2);
    const void *fdt = guest.data;
    int node = fdt_path_offset(fdt, "/served@d100000");
    uint32_t clock = cell(fdt, "/clock-100000000", "phandle", 0);
    int bytes = 0;
    assert_int_equal(cell(fdt, "/clock-100000000", "clock-frequency", 0), 100000000);
    assert_int_equal(cell(fdt, "/clock-100000000", "#clock-cells", 0), 0);
    assert_int_equal(cell(fdt, "/served@d100000", "clocks", 0), clock);
    assert_int_equal(cell(fdt, "/served@d100000", "clocks", 1), cell(fdt, "/apb-pclk", "phandle", 0));
    assert_int_equal(cell(fdt, "/served@d100000", "clocks", 2), clock);
    assert_non_null(fdt_getprop(fdt, node, "clocks", &bytes));
    assert_int_equal(bytes, 12);
    assert_null(fdt_getprop(fdt, node, "power-domains", NULL));
    assert_null(fdt_getprop(fdt, node, "pinctrl-0", NULL));
    assert_null(fdt_getprop(fdt, node, "gpio-ranges", NULL));
    assert_int_equal(cell(fdt, "/served@d100000", "test-gpios", 0), cell(fdt, "/gpio@9030000", "phandle", 0));
    fdt_blob_free(&guest);
    check_refused(*state, unsaid, 2, ERR_UNSUPPORTED,
                  "needs /clock-controller@a100000: pass that through too, or");
    check_refused(*state, alone, 1, ERR_UNSUPPORTED, "needs /gpio@9030000: pass that through too");
}

static void test_devices_that_reach_memory_are_told_apart(void **state)
{
    assert_int_equal(find(*state, "/served@d100000").dma, FDT_DMA_NONE);
    assert_int_equal(find(*state, "/gpio-keys").dma, FDT_DMA_NONE);
    assert_int_equal(find(*state, "/unknown@d300000").dma, FDT_DMA_UNKNOWN);
    assert_int_equal(find(*state, "/bus@c000000/device@2000").dma, FDT_DMA_UNKNOWN);
    assert_int_equal(find(*state, "/ethernet@d200000").dma, FDT_DMA_MASTER);
    assert_int_equal(find(*state, "/clocked@9060000").dma, FDT_DMA_MASTER);
}

static void test_name_of_the_guests_own_is_refused(void **state)
{
    const struct fdt_passed paths[] = {{"/timer", 0}};
    check_refused(*state, paths, 1, ERR_RANGE, "node \"timer\" of its own");
}

/** A damaged board tree is refused or read without harm. */
static void test_damaged_board_does_no_harm(void **state)
{
    const struct fdt_blob *board = *state;
    const struct fdt_passed paths[] = {
        {"/gpio-keys", 0}, {"/button@9050000", 0}, {"/gpio@9030000", 0}, {"/bus@c000000", 0}};
    uint32_t random = 1;
    for (unsigned int round = 0; round < 3000; round++) {
        uint8_t *damaged = malloc(board->bytes);
        struct fdt_error error;
        assert_non_null(damaged);
        memcpy(damaged, board->data, board->bytes);
        for (unsigned int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            damaged[(random >> 8) % board->bytes] = (uint8_t)(random >> 4);
        }
        if (fdt_board_check(damaged, board->bytes, &error) == ERR_OK) {
            struct fdt_blob guest = new_guest();
            for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
                struct fdt_board_device device;
                enum err err = fdt_board_find(damaged, paths[i].path, &device, &error);
                assert_true(err == ERR_OK || error.text[0] != '\0');
            }
            size_t culprit;
            if (fdt_passthrough_copy(&guest, damaged, paths, 4, &culprit, &error) == ERR_OK) {
                assert_int_equal(fdt_check_full(guest.data, guest.bytes), 0);
            }
            fdt_blob_free(&guest);
        }
        free(damaged);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registers_and_interrupts_are_found),
        cmocka_unit_test(test_buses_translate),
        cmocka_unit_test(test_children_with_other_addresses_are_no_registers),
        cmocka_unit_test(test_devices_of_other_controllers_have_no_interrupt_here),
        cmocka_unit_test(test_what_cannot_be_given_away_is_refused),
        cmocka_unit_test(test_node_comes_with_its_clock),
        cmocka_unit_test(test_nodes_refer_to_each_other),
        cmocka_unit_test(test_node_below_a_bus_gets_its_translated_registers),
        cmocka_unit_test(test_missing_providers_are_named),
        cmocka_unit_test(test_what_firmware_has_set_stays_so),
        cmocka_unit_test(test_devices_that_reach_memory_are_told_apart),
        cmocka_unit_test(test_name_of_the_guests_own_is_refused),
        cmocka_unit_test(test_damaged_board_does_no_harm),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
