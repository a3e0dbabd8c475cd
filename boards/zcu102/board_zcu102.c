/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/zcu102/board_zcu102.h"

/* UG1085, table 10-4. */
static const struct board_range devices[] = {
    {"gic", 0xf9010000, 0x00070000},   {"uart0", 0xff000000, 0x1000}, {"uart1", 0xff010000, 0x1000},
    {"i2c0", 0xff020000, 0x1000},      {"i2c1", 0xff030000, 0x1000},  {"spi0", 0xff040000, 0x1000},
    {"spi1", 0xff050000, 0x1000},      {"can0", 0xff060000, 0x1000},  {"can1", 0xff070000, 0x1000},
    {"gpio", 0xff0a0000, 0x1000},      {"gem0", 0xff0b0000, 0x1000},  {"gem1", 0xff0c0000, 0x1000},
    {"gem2", 0xff0d0000, 0x1000},      {"gem3", 0xff0e0000, 0x1000},  {"sdhci0", 0xff160000, 0x1000},
    {"sdhci1", 0xff170000, 0x1000},    {"rtc", 0xffa60000, 0x1000},   {"ttc0", 0xff110000, 0x1000},
    {"ttc1", 0xff120000, 0x1000},      {"ttc2", 0xff130000, 0x1000},  {"ttc3", 0xff140000, 0x1000},
    {"watchdog0", 0xff150000, 0x1000}, {"sata", 0xfd0c0000, 0x2000},  {"swdt", 0xfd4d0000, 0x1000},
};

/* The card slot of the board is at SD1, its Ethernet socket at GEM3. */
static const struct board_device drivable[] = {
    {"arasan,sdhci-8.9a", {"sdhci1", 0xff170000, 0x1000}, 81, 1},
    {"arasan,sdhci-8.9a", {"sdhci0", 0xff160000, 0x1000}, 80, 0},
    {"cdns,zynqmp-gem", {"gem3", 0xff0e0000, 0x1000}, 95, 3},
    {"cdns,zynqmp-gem", {"gem2", 0xff0d0000, 0x1000}, 93, 2},
    {"cdns,zynqmp-gem", {"gem1", 0xff0c0000, 0x1000}, 91, 1},
    {"cdns,zynqmp-gem", {"gem0", 0xff0b0000, 0x1000}, 89, 0},
};

/*
 * Each page of the GIC is repeated through 64 KiB, so that its two-page parts are in one piece only across
 * the border of two such windows: the last copy of the first page, then the first of the second.
 */
const struct board board_zcu102 = {
    .name = "zcu102",
    .ram = {"ram", 0x00000000, 0x80000000},
    .firmware_bytes = 0x200000,
    .core_count = 4,
    .gicd = {"gicd", 0xf9010000, 0x1000},
    .gicc = {"gicc", 0xf902f000, 0x2000},
    .gich = {"gich", 0xf9040000, 0x1000},
    .gicv = {"gicv", 0xf906f000, 0x2000},
    .uart = {"uart0", 0xff000000, 0x1000},
    .uart_kind = SYSDESC_UART_CADENCE,
    .uart_irq = 53,
    .maintenance_irq = 25,
    .hyptimer_irq = 26,
    .vtimer_irq = 27,
    .spi_count = 160,
    .rtc = {.range = {"rtc", 0xffa60000, 0x1000}, .seconds_offset = 0x10}, /* UG1087: RTC, CURRENT_TIME */
    .drivable = drivable,
    .drivable_count = sizeof drivable / sizeof drivable[0],
    .devices = devices,
    .device_count = sizeof devices / sizeof devices[0],
    .core_mpidrs = {0, 1, 2, 3},
};
