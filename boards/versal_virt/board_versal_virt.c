/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/versal_virt/board_versal_virt.h"

/* QEMU's device tree, and AM012. */
static const struct board_range devices[] = {
    {"virtio-mmio", 0xa0000000, 0x1000}, {"sdhci0", 0xf1040000, 0x10000}, {"sdhci1", 0xf1050000, 0x10000},
    {"rtc", 0xf12a0000, 0x10000},        {"gic", 0xf9000000, 0x00100000}, {"uart0", 0xff000000, 0x1000},
    {"uart1", 0xff010000, 0x1000},       {"gem0", 0xff0c0000, 0x1000},    {"gem1", 0xff0d0000, 0x1000},
};

/* The card slot of a VCK190 is at SD1. */
static const struct board_device drivable[] = {
    {"arasan,sdhci-8.9a", {"sdhci1", 0xf1050000, 0x1000}, 160, 1},
    {"arasan,sdhci-8.9a", {"sdhci0", 0xf1040000, 0x1000}, 158, 0},
    {"cdns,versal-gem", {"gem0", 0xff0c0000, 0x1000}, 88, 0},
    {"cdns,versal-gem", {"gem1", 0xff0d0000, 0x1000}, 90, 1},
};

const struct board board_versal_virt = {
    .name = "versal_virt",
    .ram = {"ram", 0x00000000, 0x80000000},
    .firmware_bytes = 0x200000,
    .core_count = 2,
    .gic_kind = SYSDESC_GIC_V3,
    .gicd = {"gicd", 0xf9000000, 0x10000},
    .gicr = {"gicr", 0xf9080000, 0x80000},
    .uart = {"uart0", 0xff000000, 0x1000},
    .uart_irq = 50,
    .maintenance_irq = 25,
    .hyptimer_irq = 26,
    .vtimer_irq = 27,
    .spi_count = 192,
    .virtio = {.range = {"virtio-mmio", 0xa0000000, 0x1000}, .slot_bytes = 0x200, .irq = 143},
    .drivable = drivable,
    .drivable_count = sizeof drivable / sizeof drivable[0],
    .devices = devices,
    .device_count = sizeof devices / sizeof devices[0],
    .core_mpidrs = {0, 1},
};
