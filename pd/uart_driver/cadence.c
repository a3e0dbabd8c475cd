/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Cadence UART of Zynq UltraScale+ (UG1085, chapter 21; UG1087, module UART). Every received byte
 * interrupts, as the timeout of its receiver needs re-arming behind each byte; what has come meanwhile is
 * taken with it. Bits of the interrupt status stay set until they are written, whatever became of their
 * cause.
 */
#include "pd/uart_driver/uart_device.h"

#define CONTROL 0x00u
#define INTERRUPT_ENABLE 0x08u
#define INTERRUPT_DISABLE 0x0cu
#define INTERRUPT_STATUS 0x14u
#define RX_TRIGGER 0x20u
#define STATUS 0x2cu
#define FIFO 0x30u

#define CONTROL_RX_ENABLE (1u << 2)
#define CONTROL_RX_DISABLE (1u << 3)
#define CONTROL_TX_ENABLE (1u << 4)
#define CONTROL_TX_DISABLE (1u << 5)
#define CONTROL_STOP_BREAK (1u << 8)
#define INTERRUPT_RX_TRIGGER (1u << 0)
#define INTERRUPT_TX_EMPTY (1u << 3)
#define INTERRUPT_RX_OVERRUN (1u << 5)
#define INTERRUPT_FRAMING (1u << 6)
#define INTERRUPT_PARITY (1u << 7)
#define INTERRUPT_ALL 0x3fffu
#define STATUS_RX_EMPTY (1u << 1)
#define STATUS_TX_FULL (1u << 4)

static void set_interrupts(const struct uart_registers *registers, uint32_t interrupts)
{
    const uint32_t wanted = ((interrupts & UART_RECEIVE) != 0 ? INTERRUPT_RX_TRIGGER : 0) |
                            ((interrupts & UART_TRANSMIT) != 0 ? INTERRUPT_TX_EMPTY : 0);

    uart_write(registers, INTERRUPT_DISABLE, INTERRUPT_ALL & ~wanted);
    uart_write(registers, INTERRUPT_ENABLE, wanted);
}

static void acknowledge(const struct uart_registers *registers)
{
    /* What went wrong stays for receive() to count. */
    uart_write(registers, INTERRUPT_STATUS,
               INTERRUPT_ALL & ~(INTERRUPT_RX_OVERRUN | INTERRUPT_FRAMING | INTERRUPT_PARITY));
}

static void init(const struct uart_registers *registers)
{
    const uint32_t control = uart_read(registers, CONTROL) & ~(CONTROL_RX_DISABLE | CONTROL_TX_DISABLE);

    uart_write(registers, INTERRUPT_DISABLE, INTERRUPT_ALL);
    uart_write(registers, INTERRUPT_STATUS, INTERRUPT_ALL);
    uart_write(registers, RX_TRIGGER, 1);
    uart_write(registers, CONTROL, control | CONTROL_RX_ENABLE | CONTROL_TX_ENABLE | CONTROL_STOP_BREAK);
}

/* The device says that there was an error, not with which byte. */
static void count_errors(const struct uart_registers *registers, struct uart_errors *errors)
{
    const uint32_t status = uart_read(registers, INTERRUPT_STATUS) &
                            (INTERRUPT_RX_OVERRUN | INTERRUPT_FRAMING | INTERRUPT_PARITY);

    if (status == 0) {
        return;
    }
    errors->overruns += (status & INTERRUPT_RX_OVERRUN) != 0;
    errors->framing += (status & (INTERRUPT_FRAMING | INTERRUPT_PARITY)) != 0;
    uart_write(registers, INTERRUPT_STATUS, status);
}

static bool is_empty(const struct uart_registers *registers)
{
    return (uart_read(registers, STATUS) & STATUS_RX_EMPTY) != 0;
}

static bool receive(const struct uart_registers *registers, uint32_t *byte, struct uart_errors *errors)
{
    if (is_empty(registers)) {
        /* The bit has been set again by what was taken since; what comes behind this write sets it again. */
        uart_write(registers, INTERRUPT_STATUS, INTERRUPT_RX_TRIGGER);
        if (is_empty(registers)) {
            return false;
        }
    }
    count_errors(registers, errors);
    *byte = uart_read(registers, FIFO) & 0xff;
    return true;
}

static bool send(const struct uart_registers *registers, uint8_t byte)
{
    if ((uart_read(registers, STATUS) & STATUS_TX_FULL) != 0) {
        return false;
    }
    uart_write(registers, FIFO, byte);
    return true;
}

const struct uart_device uart_cadence = {
    .init = init,
    .set_interrupts = set_interrupts,
    .acknowledge = acknowledge,
    .receive = receive,
    .send = send,
};
