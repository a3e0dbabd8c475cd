/* SPDX-License-Identifier: BSD-2-Clause */
#include "boards/imx8mp_evk/board_imx8mp_evk.h"

/* IMX8MPRM, 2.1. */
static const struct board_range devices[] = {
    {"gpio1", 0x30200000, 0x1000},  {"gpio2", 0x30210000, 0x1000},  {"gpio3", 0x30220000, 0x1000},
    {"gpio4", 0x30230000, 0x1000},  {"gpio5", 0x30240000, 0x1000},  {"wdog1", 0x30280000, 0x1000},
    {"gpt1", 0x302d0000, 0x1000},   {"snvs", 0x30370000, 0x1000},   {"uart1", 0x30860000, 0x1000},
    {"uart3", 0x30880000, 0x1000},  {"uart2", 0x30890000, 0x1000},  {"i2c1", 0x30a20000, 0x1000},
    {"uart4", 0x30a60000, 0x1000},  {"usdhc1", 0x30b40000, 0x1000}, {"usdhc2", 0x30b50000, 0x1000},
    {"usdhc3", 0x30b60000, 0x1000}, {"fec", 0x30be0000, 0x1000},    {"gic", 0x38800000, 0x140000},
};

/* The card slot of the board is at USDHC2. */
static const struct board_device drivable[] = {
    {"fsl,imx8mm-usdhc", {"usdhc2", 0x30b50000, 0x1000}, 55, 1},
    {"fsl,imx8mm-usdhc", {"usdhc1", 0x30b40000, 0x1000}, 54, 0},
    {"fsl,imx8mm-usdhc", {"usdhc3", 0x30b60000, 0x1000}, 56, 2},
};

const struct board board_imx8mp_evk = {
    .name = "imx8mp_evk",
    .ram = {"ram", 0x40000000, 0x80000000},
    .firmware_bytes = 0x200000,
    .core_count = 4,
    .gic_kind = SYSDESC_GIC_V3,
    .gicd = {"gicd", 0x38800000, 0x10000},
    .gicr = {"gicr", 0x38880000, 0xc0000},
    .uart = {"uart2", 0x30890000, 0x1000},
    .uart_kind = SYSDESC_UART_IMX,
    .uart_irq = 59,
    .maintenance_irq = 25,
    .hyptimer_irq = 26,
    .vtimer_irq = 27,
    .spi_count = 160,
    .drivable = drivable,
    .drivable_count = sizeof drivable / sizeof drivable[0],
    .devices = devices,
    .device_count = sizeof devices / sizeof devices[0],
    .core_mpidrs = {0, 1, 2, 3},
};
