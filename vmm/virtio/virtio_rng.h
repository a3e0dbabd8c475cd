/* SPDX-License-Identifier: BSD-2-Clause */
/** virtio-rng, the entropy device (virtio 1.2, section 5.4), fed by the entropy PD. */
#pragma once

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"
#include "lib/guestmem/guestmem.h"
#include "vmm/virtio/virtio_device.h"

#define VIRTIO_RNG_QUEUE_SIZE 8u

/** One device. */
struct virtio_rng {
    struct virtio_device device;
    const struct vmm_config *vm; /**< where the entropy PD is */
    struct virtq_chain *scratch; /**< shared by all devices, not owned */
};

/**
 * Set up a device from its row (kind ENTROPY) in `vm`. All pointers must outlive it.
 *
 * Each request gets up to 256 bytes; while the entropy PD has no seed, requests wait for the next kick.
 * Errors: those of virtio_device_init().
 */
ERR_CHECKED enum err virtio_rng_init(struct virtio_rng *rng, const struct vmm_device_config *config,
                                     const struct vmm_config *vm, const struct guestmem *mem,
                                     struct virtq_chain *scratch);
