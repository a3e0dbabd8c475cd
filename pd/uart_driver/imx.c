/* SPDX-License-Identifier: BSD-2-Clause */
/* The UART of i.MX (IMX8MPRM, 16.2.14). Every received byte interrupts; what has come meanwhile is taken too.
 */
#include "pd/uart_driver/uart_device.h"

#define URXD 0x00u
#define UTXD 0x40u
#define UCR1 0x80u
#define UCR2 0x84u
#define UCR3 0x88u
#define UCR4 0x8cu
#define UFCR 0x90u
#define USR1 0x94u
#define USR2 0x98u
#define UTS 0xb4u

#define URXD_BREAK (1u << 11)
#define URXD_FRAMING (1u << 12)
#define URXD_OVERRUN (1u << 13)
#define URXD_PARITY (1u << 10)
#define UCR1_ENABLE (1u << 0)
#define UCR1_RX_READY (1u << 9)
#define UCR1_TX_READY (1u << 13)
#define UCR2_NO_RESET (1u << 0)
#define UCR2_RX_ENABLE (1u << 1)
#define UCR2_TX_ENABLE (1u << 2)
#define UCR2_8_BITS (1u << 5)
#define UCR2_IGNORE_RTS (1u << 14)
#define UCR3_RX_MUXED (1u << 2)
#define UFCR_DIVIDER_MASK (7u << 7)
#define UFCR_RX_LEVEL 1u
#define UFCR_TX_LEVEL (2u << 10)
#define STATUS_ALL 0xffffu
#define UTS_TX_FULL (1u << 4)
#define UTS_RX_EMPTY (1u << 5)

static void set_interrupts(const struct uart_registers *registers, uint32_t interrupts)
{
    uart_write(registers, UCR1,
               UCR1_ENABLE | ((interrupts & UART_RECEIVE) != 0 ? UCR1_RX_READY : 0) |
                   ((interrupts & UART_TRANSMIT) != 0 ? UCR1_TX_READY : 0));
}

static void acknowledge(const struct uart_registers *registers)
{
    uart_write(registers, USR1, STATUS_ALL);
    uart_write(registers, USR2, STATUS_ALL);
}

static void init(const struct uart_registers *registers)
{
    const uint32_t divider = uart_read(registers, UFCR) & UFCR_DIVIDER_MASK;

    set_interrupts(registers, 0);
    uart_write(registers, UCR4, 0);
    uart_write(registers, UCR3, uart_read(registers, UCR3) | UCR3_RX_MUXED);
    uart_write(registers, UFCR, divider | UFCR_RX_LEVEL | UFCR_TX_LEVEL);
    uart_write(registers, UCR2,
               UCR2_NO_RESET | UCR2_RX_ENABLE | UCR2_TX_ENABLE | UCR2_8_BITS | UCR2_IGNORE_RTS);
    acknowledge(registers);
}

static bool receive(const struct uart_registers *registers, uint32_t *byte, struct uart_errors *errors)
{
    if ((uart_read(registers, UTS) & UTS_RX_EMPTY) != 0) {
        return false;
    }
    const uint32_t data = uart_read(registers, URXD);

    errors->overruns += (data & URXD_OVERRUN) != 0;
    if ((data & URXD_BREAK) != 0) {
        errors->breaks++;
        *byte = UART_NOTHING;
        return true;
    }
    errors->framing += (data & (URXD_FRAMING | URXD_PARITY)) != 0;
    *byte = data & 0xff;
    return true;
}

static bool send(const struct uart_registers *registers, uint8_t byte)
{
    if ((uart_read(registers, UTS) & UTS_TX_FULL) != 0) {
        return false;
    }
    uart_write(registers, UTXD, byte);
    return true;
}

const struct uart_device uart_imx = {
    .init = init,
    .set_interrupts = set_interrupts,
    .acknowledge = acknowledge,
    .receive = receive,
    .send = send,
};
