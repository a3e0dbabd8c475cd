/* SPDX-License-Identifier: BSD-2-Clause */
/* A board's data from its device tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/dts.h"
#include "tool/fdt/fdt_new_board.h"

#define HEAD "/dts-v1/; / { #address-cells = <2>; #size-cells = <2>; interrupt-parent = <&gic>;"
#define GIC2                                                                                                 \
    "gic: gic@f9010000 { compatible = \"arm,gic-400\"; interrupt-controller; #interrupt-cells = <3>;"        \
    " reg = <0 0xf9010000 0 0x1000 0 0xf9020000 0 0x2000 0 0xf9040000 0 0x2000 0 0xf9060000 0 0x2000>;"      \
    " interrupts = <1 9 4>; };"
#define GIC3                                                                                                 \
    "gic: gic@8000000 { compatible = \"arm,gic-v3\"; interrupt-controller; #interrupt-cells = <3>;"          \
    " reg = <0 0x8000000 0 0x10000 0 0x80a0000 0 0x100000>; interrupts = <1 8 4>; };"
#define CPUS                                                                                                 \
    "cpus { #address-cells = <1>; #size-cells = <0>;"                                                        \
    " cpu@0 { device_type = \"cpu\"; reg = <0>; }; cpu@100 { device_type = \"cpu\"; reg = <0x100>; }; };"
#define MEMORY                                                                                               \
    "memory@40000000 { device_type = \"memory\"; reg = <0 0x40000000 0 0x80000000 8 0 0 0x80000000>; };"
#define UARTS                                                                                                \
    "serial@ff000000 { compatible = \"arm,pl011\"; reg = <0 0xff000000 0 0x1000>; interrupts = <0 21 4>; };" \
    "serial@ff010000 { compatible = \"cdns,uart-r1p8\"; reg = <0 0xff010000 0 0x1000>; interrupts = <0 22 "  \
    "4>; };"
#define TIMER                                                                                                \
    "timer { compatible = \"arm,armv8-timer\"; clock-frequency = <8000000>;"                                 \
    " interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; };"
#define CHOSEN "chosen { stdout-path = \"/serial@ff010000:115200n8\"; };"
#define END "};"

static enum err read_text(const char *text, struct fdt_new_board *board, struct fdt_error *error)
{
    struct fdt_blob blob = dts_compile(text);
    enum err err = fdt_board_check(blob.data, blob.bytes, error);

    if (err == ERR_OK) {
        err = fdt_new_board_read(blob.data, board, error);
    }
    fdt_blob_free(&blob);
    return err;
}

static void check_error(const char *text, enum err err, const char *words)
{
    struct fdt_new_board board;
    struct fdt_error error = {{0}};

    assert_int_equal(read_text(text, &board, &error), err);
    if (strstr(error.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", error.text, words);
    }
}

static void test_gicv2_board(void **state)
{
    struct fdt_new_board board;
    struct fdt_error error = {{0}};

    (void)state;
    assert_int_equal(read_text(HEAD GIC2 CPUS MEMORY UARTS TIMER CHOSEN END, &board, &error), ERR_OK);
    assert_int_equal(board.gic_kind, SYSDESC_GIC_V2);
    assert_true(board.gic[3].gpa == 0xf9060000 && board.gic[3].bytes == 0x2000);
    assert_int_equal(board.maintenance_irq, 25);
    assert_int_equal(board.vtimer_irq, 27);
    assert_int_equal(board.hyptimer_irq, 26);
    assert_int_equal(board.timer_hz, 8000000);
    assert_int_equal(board.core_count, 2);
    assert_true(board.mpidrs[1] == 0x100);
    assert_true(board.ram.gpa == 0x40000000 && board.ram.bytes == 0x80000000);
    assert_int_equal(board.ram_ranges, 2);
    assert_true(board.uart.gpa == 0xff010000); /* what /chosen says */
    assert_int_equal(board.uart_kind, SYSDESC_UART_CADENCE);
    assert_int_equal(board.uart_irq, 54);
    assert_int_equal(board.device_count, 2);
    assert_string_equal(board.devices[0].name, "serial");
    assert_string_equal(board.devices[1].name, "serial1");
    assert_true(board.virtio.bytes == 0);
}

static void test_gicv3_board(void **state)
{
    struct fdt_new_board board;
    struct fdt_error error = {{0}};

    (void)state;
    assert_int_equal(read_text(HEAD GIC3 CPUS MEMORY UARTS
                               "virtio@a000200 { compatible = \"virtio,mmio\"; reg = <0 0xa000200 0 0x200>;"
                               " interrupts = <0 17 1>; };"
                               "virtio@a000000 { compatible = \"virtio,mmio\"; reg = <0 0xa000000 0 0x200>;"
                               " interrupts = <0 16 1>; };" END,
                               &board, &error),
                     ERR_OK);
    assert_int_equal(board.gic_kind, SYSDESC_GIC_V3);
    assert_true(board.gic[1].gpa == 0x80a0000 && board.gic[1].bytes == 0x100000);
    assert_int_equal(board.maintenance_irq, 24);
    assert_int_equal(board.vtimer_irq, 0);     /* the tree has no timer */
    assert_true(board.uart.gpa == 0xff000000); /* the first that is known */
    assert_true(board.virtio.gpa == 0xa000000 && board.virtio.bytes == 0x400);
    assert_true(board.virtio_slot_bytes == 0x200);
    assert_int_equal(board.virtio_irq, 48);
}

static void test_what_is_missing(void **state)
{
    (void)state;
    check_error("/dts-v1/; / { };", ERR_RANGE, "no GICv2 or GICv3");
    check_error(HEAD GIC2 MEMORY UARTS END, ERR_RANGE, "no cores");
    check_error(HEAD GIC2 CPUS UARTS END, ERR_RANGE, "no memory");
    check_error(HEAD GIC2 CPUS MEMORY END, ERR_RANGE, "names no console");
    check_error(
        HEAD
        "gic: gic@1000 { compatible = \"arm,gic-400\"; reg = <0 0x1000 0 0x1000 0 0x2000 0 0x1000>; };" CPUS
            MEMORY UARTS END,
        ERR_RANGE, "2 register windows, of 4");
}

/* A file that a test printed, as one string. */
static char *printed(const struct fdt_new_board *board)
{
    char *text = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&text, &bytes);

    assert_non_null(out);
    fdt_new_board_print_c(board, "mine", out);
    fdt_new_board_print_h("mine", "My board", out);
    fdt_new_board_print_mk(board, "mine", out);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_files(void **state)
{
    static const char *const lines[] = {
        "#include \"boards/mine/board_mine.h\"",
        "    {\"serial\", 0xff000000, 0x1000},\n",
        "    .core_count = 1,\n"
        "    /* CHECK: there are 2 cores, and they are not started by PSCI; the first has to be the one that "
        "boots. */\n"
        "    .core_mpidrs = {0x0},\n",
        "const struct board board_mine = {\n    .name = \"mine\",\n",
        "    .gic_kind = SYSDESC_GIC_V3,\n    .gicd = {\"gicd\", 0x08000000, 0x10000},\n"
        "    .gicr = {\"gicr\", 0x080a0000, 0x100000},\n",
        "    .uart_kind = SYSDESC_UART_CADENCE,\n    .uart_irq = 54,\n",
        "    .vtimer_irq = 27,\n    .timer_hz = 8000000,\n",
        "/* CHECK: the device tree has 2 ranges of RAM; one is used. */",
        "/** My board. */",
        "BOARD_IRQCHIP := irqchip_gicv3\n",
        "KERNEL_BASE := 0x40200000\n",
    };
    struct fdt_new_board board;
    struct fdt_error error = {{0}};

    (void)state;
    assert_int_equal(read_text(HEAD GIC3 CPUS MEMORY UARTS TIMER CHOSEN END, &board, &error), ERR_OK);
    char *text = printed(&board);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strstr(text, lines[i]) == NULL) {
            fail_msg("\"%s\" is not in:\n%s", lines[i], text);
        }
    }
    free(text);
}

static void test_drivers_and_cores_are_found(void **state)
{
    static const char text[] = HEAD GIC3 MEMORY UARTS TIMER CHOSEN
        "cpus { #address-cells = <1>; #size-cells = <0>;"
        " cpu@100 { device_type = \"cpu\"; reg = <0x100>; enable-method = \"psci\"; };"
        " cpu@101 { device_type = \"cpu\"; reg = <0x101>; enable-method = \"psci\"; }; };"
        "mmc@f1040000 { compatible = \"xlnx,versal-8.9a\", \"arasan,sdhci-8.9a\"; reg = <0 0xf1040000 0 "
        "0x10000>;"
        " interrupts = <0 126 4>; };"
        "ethernet@ff0c0000 { compatible = \"cdns,versal-gem\"; reg = <0 0xff0c0000 0 0x1000>; interrupts = "
        "<0 56 4>; };"
        "mmc@f1050000 { compatible = \"arasan,sdhci-8.9a\"; reg = <0 0xf1050000 0 0x10000>; interrupts = <0 "
        "128 4>; };"
        "mmc@f1060000 { compatible = \"arasan,sdhci-8.9a\"; reg = <0 0xf1060000 0 0x10000>; interrupts = <0 "
        "130 4>;"
        " status = \"disabled\"; };" END;
    static const char *const lines[] = {
        "static const struct board_device drivable[] = {\n"
        "    {\"arasan,sdhci-8.9a\", {\"mmc\", 0xf1040000, 0x1000}, 158, 0},\n"
        "    {\"cdns,versal-gem\", {\"ethernet\", 0xff0c0000, 0x1000}, 88, 0},\n"
        "    {\"arasan,sdhci-8.9a\", {\"mmc1\", 0xf1050000, 0x1000}, 160, 1},\n};\n",
        "    .core_count = 2,\n    .core_mpidrs = {0x100, 0x101},\n",
        "    .drivable = drivable,\n    .drivable_count = sizeof(drivable) / sizeof(drivable[0]),\n",
    };
    struct fdt_new_board board;
    struct fdt_error error = {{0}};

    (void)state;
    assert_int_equal(read_text(text, &board, &error), ERR_OK);
    char *print = printed(&board);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (strstr(print, lines[i]) == NULL) {
            fail_msg("\"%s\" is not in:\n%s", lines[i], print);
        }
    }
    free(print);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gicv2_board),
        cmocka_unit_test(test_gicv3_board),
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_drivers_and_cores_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
