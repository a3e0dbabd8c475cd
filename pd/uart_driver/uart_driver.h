/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Driver for a UART: moves bytes between the device and a byte-stream link. What differs from device to
 * device is a struct uart_device, a file each.
 *
 * Both directions are driven by interrupts. Sending fills the FIFO and goes on when it has run down. When the
 * link has no room, received bytes stay in the FIFO with the interrupt masked, so an emulated UART makes its
 * other end wait; a real one overruns, which is counted. Line speed and modem lines stay as the firmware set
 * them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/ring/ring.h"
#include "pd/uart_driver/uart_device.h"

#define UART_DRIVER_FIFO_BYTES 32u

/** A driver. Private to uart_driver.c except for its size, and the errors. */
struct uart_driver {
    const struct uart_device *device;
    struct uart_registers registers;
    struct ring link;
    uint32_t interrupts;                /**< enum uart_interrupts that are asked for */
    uint8_t tx[UART_DRIVER_FIFO_BYTES]; /**< taken from the link, not yet in the FIFO */
    uint32_t tx_first;
    uint32_t tx_count;
    uint8_t rx[UART_DRIVER_FIFO_BYTES]; /**< taken from the FIFO, not yet in the link */
    uint32_t rx_count;
    struct uart_errors errors;
};

/**
 * Set up the device, whose kind `device` is, and our side of the link. Errors: those of ring_init(); then the
 * device has not been touched.
 */
ERR_CHECKED enum err uart_driver_init(struct uart_driver *driver, const struct uart_device *device,
                                      const struct uart_registers *registers, void *own, const void *peer,
                                      uint32_t region_bytes);

/**
 * The device interrupted or the link was notified: move what can be moved. Returns true if the peer must be
 * notified. An interrupt may be acknowledged afterwards.
 */
bool uart_driver_run(struct uart_driver *driver);
