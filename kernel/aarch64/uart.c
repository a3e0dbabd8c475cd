/* SPDX-License-Identifier: BSD-2-Clause */
/* Output on the board's UART, polled: early messages, panics, debug output. */
#include "kernel/aarch64/uart.h"

#include "kernel/aarch64/mmio.h"

#define UART_POLLS 1000000u /* more than a full FIFO takes at 1200 baud; then the character is lost */

/* A kind of UART, as far as sending goes. `enable_*`: the register and the bits without which it does not
   work, and those that must be clear; firmware has set them, but QEMU starts without one. Receiving is
   enabled as well, so that what is typed before the driver runs waits in the FIFO. */
struct uart_kind {
    uint32_t data;
    uint32_t status, full;
    uint32_t enable, enable_set, enable_clear;
};

static const struct uart_kind kinds[SYSDESC_UART_KINDS] = {
    /* Arm DDI 0183G: UARTDR, UARTFR.TXFF, UARTCR.{UARTEN,TXE,RXE}. */
    [SYSDESC_UART_PL011] = {0x00, 0x18, 1u << 5, 0x30, 1u << 0 | 1u << 8 | 1u << 9, 0},
    /* UG1087: FIFO, Channel_sts.TFUL, Control.{TXEN,RXEN,TXDIS,RXDIS}. */
    [SYSDESC_UART_CADENCE] = {0x30, 0x2c, 1u << 4, 0x00, 1u << 4 | 1u << 2, 1u << 5 | 1u << 3},
    /* IMX8MPRM 16.2.14: UTXD, UTS.TXFULL, UCR2.{SRST,RXEN,TXEN}. */
    [SYSDESC_UART_IMX] = {0x40, 0xb4, 1u << 4, 0x84, 1u << 0 | 1u << 1 | 1u << 2, 0},
};

static const struct uart_kind *kind_of(const struct sysdesc_board *board)
{
    return board->uart_base != 0 && board->uart_kind < SYSDESC_UART_KINDS ? &kinds[board->uart_kind] : NULL;
}

void uart_init(const struct sysdesc_board *board)
{
    const struct uart_kind *kind = kind_of(board);

    if (kind == NULL) {
        return;
    }
    const uint32_t value = mmio_read(board->uart_base + kind->enable);
    const uint32_t wanted = (value & ~kind->enable_clear) | kind->enable_set;

    if (wanted != value) {
        mmio_write(board->uart_base + kind->enable, wanted);
    }
}

void uart_putc(const struct sysdesc_board *board, char c)
{
    const struct uart_kind *kind = kind_of(board);

    if (kind == NULL) {
        return;
    }
    for (uint32_t i = 0; i < UART_POLLS && (mmio_read(board->uart_base + kind->status) & kind->full) != 0;
         i++)
        ;
    mmio_write(board->uart_base + kind->data, (uint8_t)c);
}

void uart_print(const struct sysdesc_board *board, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            uart_putc(board, '\r');
        }
        uart_putc(board, *text);
    }
}

void arch_putc(struct kernel *kernel, char c)
{
    uart_putc(&kernel->desc->board, c);
}
