/* SPDX-License-Identifier: BSD-2-Clause */
/** A virtio-console with two ports between a mock driver and a mock multiplexer: for unit tests and fuzzers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/ring/ring.h"
#include "tests/mock/driver.h"
#include "tests/mock/virtio_driver.h"
#include "vmm/virtio/virtio_console.h"

#define CONSOLE_MACHINE_BASE 0x40000000ull
#define CONSOLE_MACHINE_RAM 0x40000ull
#define CONSOLE_MACHINE_QUEUE 16
#define CONSOLE_MACHINE_SPI 40u
#define CONSOLE_MACHINE_PORTS 2u
#define CONSOLE_MACHINE_CHANNEL 5u /**< of port 0; those of the others follow */
#define CONSOLE_MACHINE_QUEUES (2 * (CONSOLE_MACHINE_PORTS + 1))
#define CONSOLE_MACHINE_LINK 0x2000u
#define CONSOLE_MACHINE_CAPACITY 0x1000u /**< of that link */

/** The whole: allocate it on the heap. */
struct console_machine {
    struct driver_ram ram;
    struct driver_queue queues[CONSOLE_MACHINE_QUEUES];
    struct vgic vgic;
    struct irq_line line;
    struct vmm_device_config config;
    struct virtio_console console;
    struct virtio_mmio mmio;
    uint32_t page[1024]; /* virtio_driver_read() compares it */
    struct virtq_chain scratch;
    struct ring peers[CONSOLE_MACHINE_PORTS]; /**< the multiplexer's sides */
    void *regions[CONSOLE_MACHINE_PORTS][2];  /**< the device's and the multiplexer's */
};

/** A device that nobody drives yet; its second port is called "tools". */
struct console_machine *console_machine_new(void);
void console_machine_free(struct console_machine *machine);

/** Start the driver with `features` and VERSION_1, all queues enabled. */
bool console_machine_start(struct console_machine *machine, uint64_t features);

/** Put a buffer of `bytes` for the device to fill into queue `index` and kick. Returns its GPA. */
uint64_t console_machine_offer(struct console_machine *machine, uint16_t index, uint32_t bytes);

/** Put `bytes` of `data` for the device to read into queue `index` and kick. */
void console_machine_send(struct console_machine *machine, uint16_t index, const void *data, uint32_t bytes);

/** Send a control message. */
void console_machine_control(struct console_machine *machine, uint32_t id, uint16_t event, uint16_t value);
