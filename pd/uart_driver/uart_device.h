/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * What a kind of UART is to its driver: two FIFOs, and interrupts that say when they want attention. Line
 * speed, character format and modem lines stay as the firmware set them, unless a device says otherwise.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Access to the device's registers; offsets as in the device's manual. */
struct uart_registers {
    uint32_t (*read)(void *context, uint32_t offset);
    void (*write)(void *context, uint32_t offset, uint32_t value);
    void *context;
};

/** Counts of what went wrong on the line. */
struct uart_errors {
    uint64_t overruns;
    uint64_t framing; /**< or parity; the byte is passed on */
    uint64_t breaks;  /**< the NUL that comes with it is not passed on */
};

/** What the device may interrupt for; several may be set. */
enum uart_interrupts {
    UART_RECEIVE = 1u << 0, /**< there are bytes to take, in time before the FIFO overruns */
    UART_TRANSMIT = 1u << 1 /**< the transmit FIFO has run down */
};

/** What receive() gives where the FIFO's entry was no byte: a break. */
#define UART_NOTHING 0xffffffffu

/** A kind of UART. Each function is bounded, and gets the registers of one device. */
struct uart_device {
    /** Enable both directions with their FIFOs, no interrupt. */
    void (*init)(const struct uart_registers *registers);
    /** Allow exactly these interrupts (enum uart_interrupts). */
    void (*set_interrupts)(const struct uart_registers *registers, uint32_t interrupts);
    /** Clear what has interrupted up to now; what still holds interrupts again. */
    void (*acknowledge)(const struct uart_registers *registers);
    /** Take one entry of the receive FIFO, a byte or UART_NOTHING, and count errors; false: it is empty. */
    bool (*receive)(const struct uart_registers *registers, uint32_t *byte, struct uart_errors *errors);
    /** Put a byte into the transmit FIFO; false: it is full. */
    bool (*send)(const struct uart_registers *registers, uint8_t byte);
};

/** Arm PL011 (DDI 0183G). */
extern const struct uart_device uart_pl011;
/** Cadence UART of Zynq and Zynq UltraScale+ (UG1085, chapter 21). */
extern const struct uart_device uart_cadence;
/** UART of i.MX (IMX8MPRM, 16.2). */
extern const struct uart_device uart_imx;

/** Read a register. */
static inline uint32_t uart_read(const struct uart_registers *registers, uint32_t offset)
{
    return registers->read(registers->context, offset);
}

/** Write a register. */
static inline void uart_write(const struct uart_registers *registers, uint32_t offset, uint32_t value)
{
    registers->write(registers->context, offset, value);
}
