/* SPDX-License-Identifier: BSD-2-Clause */
/* The PL011 (Arm DDI 0183G, chapter 3). Received bytes are taken at half full, or when the line pauses. */
#include "pd/uart_driver/uart_device.h"

#define UARTDR 0x000u
#define UARTFR 0x018u
#define UARTLCR_H 0x02cu
#define UARTCR 0x030u
#define UARTIFLS 0x034u
#define UARTIMSC 0x038u
#define UARTICR 0x044u

#define DR_FE (1u << 8)
#define DR_PE (1u << 9)
#define DR_BE (1u << 10)
#define DR_OE (1u << 11)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define LCR_H_FEN (1u << 4)
#define LCR_H_WLEN_8 (3u << 5)
#define CR_UARTEN (1u << 0)
#define CR_TXE (1u << 8)
#define CR_RXE (1u << 9)
#define IFLS_TX_EIGHTH 0u
#define IFLS_RX_HALF (2u << 3)
#define INTERRUPT_RX (1u << 4)
#define INTERRUPT_TX (1u << 5)
#define INTERRUPT_RT (1u << 6)
#define INTERRUPT_ALL 0x7ffu

static void set_interrupts(const struct uart_registers *registers, uint32_t interrupts)
{
    const uint32_t receive = (interrupts & UART_RECEIVE) != 0 ? INTERRUPT_RX | INTERRUPT_RT : 0;
    const uint32_t transmit = (interrupts & UART_TRANSMIT) != 0 ? INTERRUPT_TX : 0;

    uart_write(registers, UARTIMSC, receive | transmit);
}

static void acknowledge(const struct uart_registers *registers)
{
    uart_write(registers, UARTICR, INTERRUPT_ALL);
}

static void init(const struct uart_registers *registers)
{
    set_interrupts(registers, 0);
    acknowledge(registers);
    uart_write(registers, UARTIFLS, IFLS_TX_EIGHTH | IFLS_RX_HALF);
    uart_write(registers, UARTLCR_H, LCR_H_FEN | LCR_H_WLEN_8);
    uart_write(registers, UARTCR, CR_UARTEN | CR_TXE | CR_RXE);
}

static bool receive(const struct uart_registers *registers, uint32_t *byte, struct uart_errors *errors)
{
    if ((uart_read(registers, UARTFR) & FR_RXFE) != 0) {
        return false;
    }
    const uint32_t data = uart_read(registers, UARTDR);

    errors->overruns += (data & DR_OE) != 0;
    if ((data & DR_BE) != 0) {
        errors->breaks++;
        *byte = UART_NOTHING;
        return true;
    }
    errors->framing += (data & (DR_FE | DR_PE)) != 0;
    *byte = data & 0xff;
    return true;
}

static bool send(const struct uart_registers *registers, uint8_t byte)
{
    if ((uart_read(registers, UARTFR) & FR_TXFF) != 0) {
        return false;
    }
    uart_write(registers, UARTDR, byte);
    return true;
}

const struct uart_device uart_pl011 = {
    .init = init,
    .set_interrupts = set_interrupts,
    .acknowledge = acknowledge,
    .receive = receive,
    .send = send,
};
