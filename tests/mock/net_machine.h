/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A virtio-net device between a mock driver and a mock switch: for unit tests and fuzzers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/ring/ring.h"
#include "tests/mock/driver.h"
#include "tests/mock/virtio_driver.h"
#include "vmm/virtio/virtio_net.h"

#define NET_MACHINE_BASE 0x40000000ull
#define NET_MACHINE_QUEUE 16
#define NET_MACHINE_SPI 40u
#define NET_MACHINE_CHANNEL 5u

/** The whole: allocate it on the heap. */
struct net_machine {
    struct driver_ram ram;
    struct driver_queue rx, tx, control;
    struct vgic vgic;
    struct irq_line line;
    struct vmm_device_config config;
    struct virtio_net net;
    struct virtio_mmio mmio;
    struct virtq_chain scratch;
    struct ring peer; /**< the switch's side of the link */
    void *regions[2]; /**< the device's and the switch's */
};

/** A device that nobody drives yet, and a link with regions of `link_bytes`. */
struct net_machine *net_machine_new(uint64_t ram_bytes, uint32_t link_bytes);
void net_machine_free(struct net_machine *machine);

/** Start the driver with `features` and VERSION_1; EVENT_IDX only if the queues are to use it.
 * With CTRL_VQ there is a control queue, too. */
bool net_machine_start(struct net_machine *machine, uint64_t features);

/** Offer a transmit frame of `length` bytes, each `fill`, header and data in buffers of their own. No kick.
 */
bool net_machine_queue_frame(struct net_machine *machine, uint32_t length, uint8_t fill);

/**
 * The driver's control command: `bytes` of data behind class and command; the device is notified. Returns the
 * answer (0: done), or 255 if there is none. Needs CTRL_VQ.
 */
uint8_t net_machine_command(struct net_machine *machine, uint8_t class, uint8_t command, const void *data,
                            uint32_t bytes);

/** Put a receive buffer of `bytes` into the queue. No kick. Returns its GPA, 0 if the queue is full. */
uint64_t net_machine_queue_buffer(struct net_machine *machine, uint32_t bytes);

/** The switch sends a record of `length` bytes, each `fill`. False if the link is full. */
bool net_machine_send(struct net_machine *machine, uint32_t length, uint8_t fill);

/** The switch takes a record: true if there is one, of `length` bytes, each `fill`. */
bool net_machine_expect_record(struct net_machine *machine, uint32_t length, uint8_t fill);
