/* SPDX-License-Identifier: BSD-2-Clause */
/** PL011 output, polled (Arm DDI 0183). The firmware, or reset, has set it up. */
#include "kernel/aarch64/mmio.h"
#include "kernel/core/kernel.h"

#define UART_DR 0x00u
#define UART_FR 0x18u
#define UART_FR_TXFF (1u << 5)
#define UART_POLLS 1000000u /* more than a full FIFO takes at 1200 baud; then the character is lost */

void arch_putc(struct kernel *kernel, char c)
{
    uint64_t base = kernel->desc->board.uart_base;

    if (base == 0)
        return;
    for (uint32_t i = 0; i < UART_POLLS && (mmio_read(base + UART_FR) & UART_FR_TXFF) != 0; i++)
        ;
    mmio_write(base + UART_DR, (uint8_t)c);
}
