/* SPDX-License-Identifier: BSD-2-Clause */
/** A driver's side of the virtio-mmio registers: for unit tests and fuzzers. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/mock/driver.h"
#include "vmm/virtio/virtio_mmio.h"

/** One 32-bit register. */
uint32_t virtio_driver_read(struct virtio_mmio *mmio, uint32_t offset);
void virtio_driver_write(struct virtio_mmio *mmio, uint32_t offset, uint32_t value);

/** All 64 feature bits that the device offers. */
uint64_t virtio_driver_offered(struct virtio_mmio *mmio);

/** Reset the device and go up to FEATURES_OK with `features`. True if the device accepts them. */
bool virtio_driver_negotiate(struct virtio_mmio *mmio, uint64_t features);

/** Tell the device of queue `index` and enable it. True if it reads back as ready. */
bool virtio_driver_add_queue(struct virtio_mmio *mmio, uint32_t index, const struct driver_queue *queue);

/** Set DRIVER_OK. */
void virtio_driver_go(struct virtio_mmio *mmio);

/** Notify queue `index`, unless the device wants no notification. */
void virtio_driver_kick(struct virtio_mmio *mmio, uint32_t index, struct driver_queue *queue);

/** Read and acknowledge the interrupt status, as an interrupt handler does. */
uint32_t virtio_driver_take_interrupt(struct virtio_mmio *mmio);
