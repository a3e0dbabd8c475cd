/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The driver's side of virtio-mmio registers (virtio 1.2, section 4.2, the modern interface), for our own
 * driver PDs: bringing a device up and down. Every loop over what the device says is bounded.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/virtio/spec.h"
#include "lib/virtq_driver/virtq_driver.h"

/** Registers (section 4.2.2) that drivers use themselves. */
#define MMIO_TRANSPORT_CONFIG_GENERATION 0x0fcu
#define MMIO_TRANSPORT_CONFIG 0x100u

/** Interrupt causes, section 4.2.2. */
#define MMIO_TRANSPORT_INTERRUPT_CONFIG 2u

/** A device's registers, of 32 bits each. */
struct mmio_transport {
    uint32_t (*read)(void *context, uint32_t offset);
    void (*write)(void *context, uint32_t offset, uint32_t value);
    void *context;
};

/** The device resets itself. Errors: ERR_UNSUPPORTED (no modern device with that id there), ERR_STATE (not in
 * time). */
ERR_CHECKED enum err mmio_transport_reset(const struct mmio_transport *transport, uint32_t device_id);

/**
 * Take of `wanted` what the device offers: *features. Errors: ERR_UNSUPPORTED (it knows only the interface of
 * before virtio 1), ERR_STATE (it refuses).
 */
ERR_CHECKED enum err mmio_transport_negotiate(const struct mmio_transport *transport, uint64_t wanted,
                                              uint64_t *features);

/**
 * Set up queue `index` in zeroed `memory`, with as many entries as the device has, VIRTQ_DRIVER_MAX_SIZE at
 * most. Errors: ERR_STATE (it has less than 4, or it is in use), those of virtq_driver_init().
 */
ERR_CHECKED enum err mmio_transport_add_queue(const struct mmio_transport *transport, uint32_t index,
                                              void *memory, uint64_t paddr, bool event_idx,
                                              struct virtq_driver *queue);

/** All queues are there: the device may begin. */
void mmio_transport_go(const struct mmio_transport *transport);

/** Tell a device that refused that nobody will come again. */
void mmio_transport_give_up(const struct mmio_transport *transport);

/** It gives all memory back, and is told that nobody will come again. A reset may follow. */
void mmio_transport_stop(const struct mmio_transport *transport);

/** Take note of the interrupts that there are: their causes. */
uint32_t mmio_transport_interrupts(const struct mmio_transport *transport);

/** Whether the device asks for a reset. */
bool mmio_transport_needs_reset(const struct mmio_transport *transport);

/** Tell the device that there is something in a queue. */
void mmio_transport_kick(const struct mmio_transport *transport, uint32_t index);
