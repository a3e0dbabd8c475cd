/* SPDX-License-Identifier: BSD-2-Clause */
/* Attacks on a console inside well-formed buffers (virtio 1.2, 5.3). */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

/* Send `bytes` of `device->buffers` as one readable buffer, `times` times. */
static void send(struct virtio_device *device, uint32_t bytes, uint32_t times)
{
    uint32_t index = virtio_out_queue(device);

    for (uint32_t i = 0; i < times; i++) {
        device->queues[index].desc[0] =
            (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, bytes, 0, 0};
        virtio_submit(device, index, 0);
    }
}

#define CONSOLE_CONTROL_RX 2u
#define CONSOLE_CONTROL_TX 3u

/* struct virtio_console_control (5.3.6.2): id, event, value. */
#define CONTROL(id, event, value)                                                                            \
    ((uint64_t)(uint32_t)(id) | (uint64_t)(event) << 32 | (uint64_t)(value) << 48)
enum console_event { CONSOLE_DEVICE_READY = 0, CONSOLE_PORT_READY = 3, CONSOLE_PORT_OPEN = 6 };

static void console_start_ports(struct virtio_device *device)
{
    check_that(virtio_start_with(device, FEATURE_CONSOLE_MULTIPORT, virtio_queue_total(device)),
               "the device does not start");
}

static void console_say(struct virtio_device *device, uint64_t message, uint32_t bytes)
{
    memcpy(device->buffers, &message, sizeof message);
    device->queues[CONSOLE_CONTROL_TX].desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, bytes, 0, 0};
    virtio_submit(device, CONSOLE_CONTROL_TX, 0);
}

/* A message that makes no sense is taken and forgotten; the terminal works on. */
static void console_control(struct virtio_device *device, uint64_t message)
{
    console_start_ports(device);
    console_say(device, message, 8);
    check_that(virtio_wait_used(device, CONSOLE_CONTROL_TX, 1), "the message is not taken");
    check_works(device);
}

static void console_control_length(struct virtio_device *device, uint64_t bytes)
{
    console_start_ports(device);
    console_say(device, 0, (uint32_t)bytes);
    check_broken(device);
}

/* Control messages without the feature (5.3.5: the queues are only there with it). */
static void console_control_not_negotiated(struct virtio_device *device, uint64_t message)
{
    check_that(virtio_start_with(device, 0, virtio_queue_total(device)), "the device does not start");
    console_say(device, message, 8);
    check_that(device->queues[CONSOLE_CONTROL_TX].used.idx == 0, "a message is taken");
    check_works(device);
}

static void console_offer_control(struct virtio_device *device, uint32_t bytes, uint16_t flags)
{
    for (uint16_t i = 0; i < device->queue_size; i++) {
        device->queues[CONSOLE_CONTROL_RX].desc[i] =
            (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers + 4096, bytes, flags, 0};
        virtio_submit(device, CONSOLE_CONTROL_RX, i);
    }
}

/* Buffers for control messages that none fits into, or that are not for the device to write. */
static void console_control_receive(struct virtio_device *device, uint64_t bytes)
{
    console_start_ports(device);
    console_offer_control(device, (uint32_t)bytes, DESC_WRITE);
    console_say(device, CONTROL(0, CONSOLE_DEVICE_READY, 1), 8);
    check_broken(device);
}

static void console_control_receive_readable(struct virtio_device *device, uint64_t bytes)
{
    console_start_ports(device);
    console_offer_control(device, (uint32_t)bytes, 0);
    console_say(device, CONTROL(0, CONSOLE_DEVICE_READY, 1), 8);
    check_broken(device);
}

/* The same question again and again, with no buffer for an answer; then as many answers as buffers, no more.
 */
static void console_control_storm(struct virtio_device *device, uint64_t count)
{
    console_start_ports(device);
    for (uint64_t i = 0; i < count; i++) {
        console_say(device, CONTROL(0, CONSOLE_DEVICE_READY, 1), 8);
        console_say(device, CONTROL(0, CONSOLE_PORT_READY, 1), 8);
        console_say(device, CONTROL(1, CONSOLE_PORT_OPEN, i & 1), 8);
    }
    check_that(virtio_wait_used(device, CONSOLE_CONTROL_TX, (uint16_t)(3 * count)), "a message is not taken");
    console_offer_control(device, 128, DESC_WRITE);
    check_that(virtio_wait_used(device, CONSOLE_CONTROL_RX, 1), "there is no answer");
    check_that(device->queues[CONSOLE_CONTROL_RX].used.idx <= device->queue_size,
               "more answers than buffers");
    check_works(device);
}

/* Output for a port that is not open, or was never announced. */
static void console_unopened_port(struct virtio_device *device, uint64_t index)
{
    console_start_ports(device);
    device->buffers[0] = 'x';
    device->queues[index].desc[0] = (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, 1, 0, 0};
    virtio_submit(device, (uint32_t)index, 0);
    check_noticed(device, (uint32_t)index);
    check_works(device);
}

static void console_flood(struct virtio_device *device, uint64_t count)
{
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 'x', 256);
    device->buffers[255] = '\n';
    for (uint64_t i = 0; i < count; i++) {
        send(device, 256, 1);
    }
    check_noticed(device, 1);
}

/* One buffer of all RAM, sixteen times over: more than any link takes at once. */
static void console_huge(struct virtio_device *device, uint64_t bytes)
{
    check_that(virtio_start(device), "the device does not start");
    memset(device->buffers, 'x', VIRTIO_BUFFER_BYTES);
    for (uint16_t i = 0; i < device->queue_size; i++) {
        device->queues[1].desc[i] =
            (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, (uint32_t)bytes,
                                 i + 1u < device->queue_size ? DESC_NEXT : 0, (uint16_t)(i + 1u)};
    }
    virtio_submit(device, 1, 0);
    check_running(device);
}

/* Emergency write (5.3.6.1) in any state of the device. */
static void console_emergency(struct virtio_device *device, uint64_t count)
{
    (void)virtio_reset(device);
    for (uint64_t i = 0; i < count; i++) {
        virtio_write(device, REG_CONFIG + 8, 'e');
        access_write(device->base + REG_CONFIG + 8, 1, 'm');
        access_write(device->base + REG_CONFIG + 10, 2, ~0ull);
    }
    check_that(virtio_start(device), "the device does not start");
    check_works(device);
}

/* A message's event lies on the avail index, so that each publishes the buffers for the others. */
static void console_control_refill(struct virtio_device *device, uint64_t messages)
{
    struct virtio_queue *queue = &device->queues[CONSOLE_CONTROL_RX];
    const uint64_t at = (uint64_t)(uintptr_t)device->buffers + 4096;

    console_start_ports(device);
    queue->desc[0] = (struct virtio_desc){at, 4, DESC_NEXT | DESC_WRITE, 1};
    queue->desc[1] =
        (struct virtio_desc){(uint64_t)(uintptr_t)&queue->avail.idx, 2, DESC_NEXT | DESC_WRITE, 2};
    queue->desc[2] = (struct virtio_desc){at + 4, 64, DESC_WRITE, 0};
    virtio_submit(device, CONSOLE_CONTROL_RX, 0);
    console_say(device, CONTROL(0, CONSOLE_PORT_READY, 1), 8);
    check_that(virtio_wait_used(device, CONSOLE_CONTROL_RX, 1), "there is no message");
    check_at_rest(&queue->used.idx, (uint16_t)messages);
    check_running_or_broken(device);
}

const struct attack attack_console[] = {
    {"console-control-unknown-event", console_control, CONTROL(0, 0xffff, 0)},
    {"console-control-port-huge", console_control, CONTROL(~0u, CONSOLE_PORT_READY, 1)},
    {"console-control-open-unknown", console_control, CONTROL(99, CONSOLE_PORT_OPEN, 1)},
    {"console-control-ready-0", console_control, CONTROL(0, CONSOLE_DEVICE_READY, 0)},
    {"console-control-all-ones", console_control, ~0ull},
    {"console-control-length-0", console_control_length, 0},
    {"console-control-length-7", console_control_length, 7},
    {"console-control-not-negotiated", console_control_not_negotiated, CONTROL(0, CONSOLE_DEVICE_READY, 1)},
    {"console-control-receive-0", console_control_receive, 0},
    {"console-control-receive-7", console_control_receive, 7},
    {"console-control-receive-readable", console_control_receive_readable, 128},
    {"console-control-storm", console_control_storm, 200},
    {"console-control-refill", console_control_refill, 4},
    {"console-unopened-port", console_unopened_port, 5},
    {"console-flood", console_flood, 100},
    {"console-huge", console_huge, VIRTIO_BUFFER_BYTES},
    {"console-emergency", console_emergency, 50},
    {NULL, NULL, 0},
};
