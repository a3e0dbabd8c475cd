/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Driver for an Arm PL011 UART (Arm DDI 0183G): moves bytes between the device and a byte-stream link.
 *
 * Both directions are driven by interrupts. Sending fills the FIFO and goes on when it has run down to an
 * eighth; received bytes are taken at half full or when the line pauses. When the link has no room, received
 * bytes stay in the FIFO with the interrupt masked, so an emulated UART makes its other end wait; a real one
 * overruns, which is counted. Line speed and modem lines stay as the firmware set them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/ring/ring.h"

#define UART_DRIVER_FIFO_BYTES 32u

/** Access to the device's registers; offsets as in the manual's table 3-1. */
struct uart_registers {
    uint32_t (*read)(void *context, uint32_t offset);
    void (*write)(void *context, uint32_t offset, uint32_t value);
    void *context;
};

/** Counts of what went wrong on the line. */
struct uart_driver_errors {
    uint64_t overruns;
    uint64_t framing; /**< or parity; the byte is passed on */
    uint64_t breaks;  /**< the NUL that comes with it is not passed on */
};

/** A driver. Private to uart_driver.c but for its size, and the errors. */
struct uart_driver {
    struct uart_registers registers;
    struct ring link;
    uint32_t mask;                      /**< UARTIMSC */
    uint8_t tx[UART_DRIVER_FIFO_BYTES]; /**< taken from the link, not yet in the FIFO */
    uint32_t tx_first;
    uint32_t tx_count;
    uint8_t rx[UART_DRIVER_FIFO_BYTES]; /**< taken from the FIFO, not yet in the link */
    uint32_t rx_count;
    struct uart_driver_errors errors;
};

/** Set up the device and our side of the link. Errors: those of ring_init(). */
ERR_CHECKED enum err uart_driver_init(struct uart_driver *driver, const struct uart_registers *registers,
                                      void *own, const void *peer, uint32_t region_bytes);

/**
 * The device interrupted or the link was notified: move what can be moved. Returns true if the peer is to be
 * notified. An interrupt may be acknowledged afterwards.
 */
bool uart_driver_run(struct uart_driver *driver);
