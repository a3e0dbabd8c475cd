/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/fuzz_device.h"

#include <stdlib.h>
#include <string.h>

static struct virtq_chain chain;

static void start(void *context)
{
    struct fuzz_device *device = context;

    if (device->started || !virtio_device_is_running(&device->virtio) ||
        !virtio_device_has(&device->virtio, VIRTIO_F_VERSION_1)) {
        abort();
    }
    device->started = true;
}

static void reset(void *context)
{
    struct fuzz_device *device = context;

    device->started = false;
    for (uint16_t i = 0; i < FUZZ_DEVICE_QUEUES; i++) {
        if (virtio_device_queue_is_enabled(&device->virtio, i)) {
            abort();
        }
    }
}

static void kick(void *context, uint16_t index)
{
    struct fuzz_device *device = context;
    enum err err;

    if (!device->started || index >= FUZZ_DEVICE_QUEUES) {
        abort();
    }
    struct virtq *vq = &device->virtio.queues[index];
    (void)virtq_request_kick(vq);
    while ((err = virtq_pop(vq, &chain)) == ERR_OK) {
        virtq_add_used(vq, chain.head, 0);
    }
    if (err != ERR_EMPTY) {
        virtio_device_fail(&device->virtio, "queue", err);
    }
    virtio_device_publish(&device->virtio, index);
}

static void queue_reset(void *context, uint16_t index)
{
    const struct fuzz_device *device = context;

    if (index >= FUZZ_DEVICE_QUEUES || virtio_device_queue_is_enabled(&device->virtio, index) ||
        !virtio_device_has(&device->virtio, VIRTIO_F_RING_RESET)) {
        abort();
    }
}

static void queue_enabled(void *context, uint16_t index)
{
    const struct fuzz_device *device = context;

    if (index >= FUZZ_DEVICE_QUEUES || !virtio_device_queue_is_enabled(&device->virtio, index) ||
        !device->started) {
        abort();
    }
}

static void queue_routed(void *context, uint16_t index, uint32_t vcpu, uint32_t intid)
{
    struct fuzz_device *device = context;

    if (index >= FUZZ_DEVICE_QUEUES) {
        abort();
    }
    device->routes[index] = intid;
    device->route_vcpus[index] = vcpu;
}

static void config_write(void *context, uint32_t offset, const void *from, uint32_t bytes)
{
    struct fuzz_device *device = context;

    memcpy(device->config + offset, from, bytes); /* ASan checks the bounds */
}

static const struct virtio_device_ops ops = {
    .start = start,
    .reset = reset,
    .kick = kick,
    .queue_reset = queue_reset,
    .queue_enabled = queue_enabled,
    .queue_routed = queue_routed,
    .config_write = config_write,
};

void fuzz_device_init(struct fuzz_device *device, const struct guestmem *mem)
{
    const struct virtio_device_setup setup = {
        .name = "fuzz",
        .id = VIRTIO_ID_NET,
        .ops = &ops,
        .context = device,
        .mem = mem,
        .features = VIRTIO_F_RING_RESET | VIRTIO_F_EVENT_IDX | VIRTIO_F_INDIRECT_DESC | 1,
        .config = device->config,
        .config_bytes = sizeof device->config,
        .queue_count = FUZZ_DEVICE_QUEUES,
        .queue_size = 64,
    };

    *device = (struct fuzz_device){0};
    if (virtio_device_init(&device->virtio, &setup) != ERR_OK) {
        abort();
    }
}
