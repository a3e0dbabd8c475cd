/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/rpi4b/board_rpi4b.h"

/* BCM2711 ARM Peripherals, in its "low peripheral" mode. */
static const struct board_range devices[] = {
    {"dma", 0xfe007000, 0x1000},   {"mailbox", 0xfe00b000, 0x1000}, {"gpio", 0xfe200000, 0x1000},
    {"uart0", 0xfe201000, 0x1000}, {"spi0", 0xfe204000, 0x1000},    {"i2c0", 0xfe205000, 0x1000},
    {"aux", 0xfe215000, 0x1000},   {"gic", 0xff840000, 0x8000},
};

/* Other cores wait in a spin table, which the kernel does not know: one core is all. */
const struct board board_rpi4b = {
    .name = "rpi4b",
    /* The first GiB without what the firmware keeps for graphics. */
    .ram = {"ram", 0x00000000, 0x38000000},
    .firmware_bytes = 0x200000,
    .core_count = 1,
    .gicd = {"gicd", 0xff841000, 0x1000},
    .gicc = {"gicc", 0xff842000, 0x2000},
    .gich = {"gich", 0xff844000, 0x2000},
    .gicv = {"gicv", 0xff846000, 0x2000},
    .uart = {"uart0", 0xfe201000, 0x1000},
    .uart_irq = 153,
    .maintenance_irq = 25,
    .hyptimer_irq = 26,
    .vtimer_irq = 27,
    .spi_count = 192,
    .devices = devices,
    .device_count = sizeof devices / sizeof devices[0],
    .core_mpidrs = {0},
};
