/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * virtio-console (virtio 1.2, section 5.3): a terminal and raw ports, each over a byte-stream link to the
 * serial multiplexer.
 *
 * Port 0 is the terminal (Linux: hvc0); the others are streams that the guest finds by name (Linux, with
 * udev: /dev/virtio-ports/NAME). Nothing is lost in between: a full link leaves bytes in the transmit queue,
 * an empty receive queue or a port that nobody has opened leaves them in the link.
 *
 * A control message to the driver is a bit of its port's `pending` until there is a buffer for it: a driver
 * that asks again and again makes no queue grow.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"
#include "lib/ring/ring.h"
#include "vmm/virtio/virtio_device.h"

/** Feature bits, section 5.3.3. */
#define VIRTIO_CONSOLE_F_SIZE (1ull << 0)
#define VIRTIO_CONSOLE_F_MULTIPORT (1ull << 1)
#define VIRTIO_CONSOLE_F_EMERG_WRITE (1ull << 2)

#define VIRTIO_CONSOLE_MAX_PORTS (1u + VMM_CONFIG_MAX_CONSOLE_PORTS)
#define VIRTIO_CONSOLE_QUEUE_SIZE 64u

/** Config space, section 5.3.4. */
struct virtio_console_config {
    uint16_t cols;
    uint16_t rows;
    uint32_t max_nr_ports;
    uint32_t emerg_wr;
};

/** Events of control messages, section 5.3.6.2. */
enum virtio_console_event {
    VIRTIO_CONSOLE_DEVICE_READY = 0,
    VIRTIO_CONSOLE_DEVICE_ADD = 1,
    VIRTIO_CONSOLE_DEVICE_REMOVE = 2,
    VIRTIO_CONSOLE_PORT_READY = 3,
    VIRTIO_CONSOLE_CONSOLE_PORT = 4,
    VIRTIO_CONSOLE_RESIZE = 5,
    VIRTIO_CONSOLE_PORT_OPEN = 6,
    VIRTIO_CONSOLE_PORT_NAME = 7
};

/** A control message; a port's name follows PORT_NAME, the size RESIZE. */
struct virtio_console_control {
    uint32_t id; /**< of the port */
    uint16_t event;
    uint16_t value;
};

/** One port. */
struct virtio_console_port {
    struct ring link;
    bool has_link;
    microkit_channel channel;
    const char *name;    /**< NULL: none */
    bool ready;          /**< the driver knows it */
    bool open;           /**< somebody in the guest has opened it */
    uint32_t pending;    /**< bit n: event n has to be sent to the driver */
    uint64_t sent_bytes; /**< of the chain at the head of its transmit queue */
    bool kicked;         /**< the driver has notified us since the last look at the transmit queue's index */
};

/** One device. */
struct virtio_console {
    struct virtio_device device;
    struct virtio_console_config config;
    struct virtio_console_port ports[VIRTIO_CONSOLE_MAX_PORTS];
    uint32_t port_count;
    struct virtq_chain *scratch; /**< for the chain in hand; shared by all devices, not owned */
    struct log_limit complaints;
};

/**
 * Set up a device from its row (kind CONSOLE), which must outlive it as must `mem` and `scratch`.
 * Errors: ERR_RANGE (ports), those of virtio_device_init() and ring_init().
 */
ERR_CHECKED enum err virtio_console_init(struct virtio_console *console,
                                         const struct vmm_device_config *config, const struct guestmem *mem,
                                         struct virtq_chain *scratch);

/** Queue numbers of port `port`, section 5.3.2. */
uint16_t virtio_console_rx_queue(uint32_t port);
uint16_t virtio_console_tx_queue(uint32_t port);
#define VIRTIO_CONSOLE_CONTROL_RX 2u /**< to the driver */
#define VIRTIO_CONSOLE_CONTROL_TX 3u /**< from it */

/** Channel `channel` was notified: input, space for output, or a new size. Ignored if it is none of ours. */
void virtio_console_notified(struct virtio_console *console, microkit_channel channel);
