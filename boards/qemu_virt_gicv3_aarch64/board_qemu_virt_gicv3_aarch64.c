/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/qemu_virt_gicv3_aarch64/board_qemu_virt_gicv3_aarch64.h"

/* The GIC has redistributors for as many cores as this board may be started with. */
static const struct board_range devices[] = {
    {"gic", 0x08000000, 0x01000000},
    {"uart0", 0x09000000, 0x1000},
    {"rtc", 0x09010000, 0x1000},
    {"fw-cfg", 0x09020000, 0x1000},
    {"gpio", 0x09030000, 0x1000},
    {"virtio-mmio", 0x0a000000, 0x4000},
    {"platform-bus", 0x0c000000, 0x2000000},
};

const struct board board_qemu_virt_gicv3_aarch64 = {
    .name = "qemu_virt_gicv3_aarch64",
    .ram = {"ram", 0x40000000, 0x80000000},
    .firmware_bytes = 0x200000,
    .core_count = 8,
    .gic_kind = SYSDESC_GIC_V3,
    .gicd = {"gicd", 0x08000000, 0x10000},
    .gicr = {"gicr", 0x080a0000, 0x100000},
    .uart = {"uart0", 0x09000000, 0x1000},
    .uart_irq = 33,
    .maintenance_irq = 25,
    .hyptimer_irq = 26,
    .vtimer_irq = 27,
    .spi_count = 256,
    .virtio = {.range = {"virtio-mmio", 0x0a000000, 0x4000}, .slot_bytes = 0x200, .irq = 48},
    .devices = devices,
    .device_count = sizeof devices / sizeof devices[0],
    .core_mpidrs = {0, 1, 2, 3, 4, 5, 6, 7},
};
