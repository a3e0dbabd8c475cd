/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * An emulated PL011 UART (Arm DDI 0183G) whose wire is a byte-stream link to the serial multiplexer.
 *
 * What the guest sends goes straight into the link, so its transmit FIFO is as deep as the link; when that is
 * full, TXFF is set until the multiplexer has made room. Received bytes pass through a real 16-byte FIFO and
 * stay in the link until the guest makes room. Nothing is lost either way.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/config/vmm_config.h"
#include "lib/ring/ring.h"
#include "vmm/bus/mmio.h"
#include "vmm/vgic/irq_line.h"

#define PL011_FIFO_BYTES 16u

/** One UART. */
struct pl011 {
    struct ring own_link;
    struct ring *link; /**< own_link, or another device's */
    bool has_link;
    bool is_shared; /**< the link is another device's: send only */
    microkit_channel channel;
    struct irq_line *line;
    uint16_t fifo[PL011_FIFO_BYTES]; /**< received: UARTDR, with its error bits */
    uint32_t fifo_first;
    uint32_t fifo_count;
    uint16_t raw;  /**< UARTRIS */
    uint16_t imsc; /**< UARTIMSC */
    uint16_t cr;   /**< UARTCR */
    uint16_t ibrd;
    uint8_t fbrd;
    uint8_t lcr_h;
    uint8_t ifls;
    uint8_t dmacr;
    uint8_t ilpr;
    uint8_t rsr; /**< errors of what was last read */
    struct log_limit complaints;
};

/**
 * Set up from the device's row in the configuration. Errors: those of ring_init().
 *
 * `shared`, if not NULL, is the link in the hands of another device (virtio-console), which gets all input
 * and looks after the link; the UART then is what early messages leave by.
 */
ERR_CHECKED enum err pl011_init(struct pl011 *uart, const struct vmm_device_config *config,
                                struct irq_line *line, struct ring *shared);

/** State after power-on and firmware: enabled. Bytes waiting in the link stay there. */
void pl011_reset(struct pl011 *uart);

/** The link's channel was notified: input, or space for output. */
void pl011_notified(struct pl011 *uart);

/**
 * A break on the line, and `character` behind it. False: the guest does not receive: it has switched that off, it does
 * not read what has come before, or its terminal is another device.
 */
bool pl011_break(struct pl011 *uart, uint8_t character);

/** mmio_handler of the register page; `context` is a struct pl011. */
enum mmio_result pl011_access(void *context, struct mmio_access *access);
