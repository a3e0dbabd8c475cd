/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on an entropy device inside well-formed chains (virtio 1.2, 5.4). */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

/* The index goes once round: 65536 buffers and more. What counts it in another width runs away. */
static void entropy_wraps(struct virtio_device *device, uint64_t rounds)
{
    struct virtio_queue *queue = &device->queues[0];
    bool good = virtio_start(device);

    for (uint16_t i = 0; i < device->queue_size; i++) {
        queue->desc[i] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, 1, DESC_WRITE, 0};
        queue->avail.ring[i] = i;
    }
    for (uint64_t i = 0; good && i < rounds; i++) {
        queue->avail.idx = (uint16_t)(queue->avail.idx + device->queue_size);
        virtio_write(device, REG_QUEUE_NOTIFY, 0);
        good = virtio_wait_used(device, 0, queue->avail.idx);
    }
    check_that(good, "a request was not answered");
    check_running(device);
}

/* The driver must not place device-readable buffers into the queue (5.4.6.1). */
static void entropy_readable(struct virtio_device *device, uint64_t bytes)
{
    check_that(virtio_start(device), "the device does not start");
    device->queues[0].desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)bytes, 0, 0};
    virtio_submit(device, 0, 0);
    check_broken(device);
}

/* A buffer of all RAM, as often as the queue has entries: each is answered, with no more than one request
 * gives. */
static void entropy_huge(struct virtio_device *device, uint64_t bytes)
{
    struct virtio_queue *queue = &device->queues[0];

    check_that(virtio_start(device), "the device does not start");
    for (uint16_t i = 0; i < device->queue_size; i++) {
        queue->desc[i] =
            (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)bytes, DESC_WRITE, 0};
        virtio_submit(device, 0, i);
    }
    check_that(virtio_wait_used(device, 0, device->queue_size), "a request is not answered");
    check_that(queue->used.ring[0].len <= bytes, "more was written than there was room for");
    check_works(device);
}

static void entropy_empty(struct virtio_device *device, uint64_t bytes)
{
    entropy_huge(device, bytes);
}

static void entropy_storm(struct virtio_device *device, uint64_t count)
{
    bool good = virtio_start(device);

    for (uint64_t i = 0; good && i < count; i++) {
        good = virtio_request(device);
    }
    check_that(good, "a request is not answered");
}

/* What it gives lies on the avail index, which then says anything: it is looked at with the next kick. */
static void entropy_refill(struct virtio_device *device, uint64_t bytes)
{
    struct virtio_queue *queue = &device->queues[0];

    check_that(virtio_start(device), "the device does not start");
    queue->desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)&queue->avail.idx, (uint32_t)bytes, DESC_WRITE, 0};
    virtio_submit(device, 0, 0);
    check_that(virtio_wait_used(device, 0, 1), "the request is not answered");
    check_at_rest(&queue->used.idx, 1);
    check_running(device);
}

const struct attack attack_entropy[] = {
    {"entropy-readable", entropy_readable, 64},
    {"entropy-readable-0", entropy_readable, 0},
    {"entropy-huge", entropy_huge, VIRTIO_BUFFER_BYTES},
    {"entropy-0", entropy_empty, 0},
    {"entropy-wraps", entropy_wraps, 8193},
    {"entropy-storm", entropy_storm, 1000},
    {"entropy-refill-1", entropy_refill, 1},
    {"entropy-refill-2", entropy_refill, 2},
    {NULL, NULL, 0},
};
