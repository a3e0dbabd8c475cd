/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A virtio device for fuzzers of transports: it serves whatever its queues hold, and aborts if the transport
 * breaks a promise of struct virtio_device_ops.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vmm/virtio/virtio_device.h"

#define FUZZ_DEVICE_QUEUES 3u

struct fuzz_device {
    struct virtio_device virtio;
    uint8_t config[24];
    bool started;
    uint32_t routes[FUZZ_DEVICE_QUEUES]; /**< INTIDs that queue_routed() was last told; 0: none */
    uint32_t route_vcpus[FUZZ_DEVICE_QUEUES];
};

/** A device as after power-on over `mem`, which has to outlive it. */
void fuzz_device_init(struct fuzz_device *device, const struct guestmem *mem);
