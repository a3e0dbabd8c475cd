/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

#define FEATURE_VERSION_1 (1ull << 32)
#define WAIT_POLLS 2000000u

enum device_id { DEVICE_NET = 1, DEVICE_BLOCK = 2, DEVICE_CONSOLE = 3, DEVICE_ENTROPY = 4 };

uint32_t virtio_read(const struct virtio_device *device, uint32_t offset)
{
    return (uint32_t)access_read(device->base + offset, 4);
}

void virtio_write(const struct virtio_device *device, uint32_t offset, uint32_t value)
{
    access_write(device->base + offset, 4, value);
}

bool virtio_reset(struct virtio_device *device)
{
    virtio_write(device, REG_STATUS, 0);
    for (uint32_t i = 0; i < 1000; i++) {
        if (virtio_read(device, REG_STATUS) == 0) {
            return true;
        }
    }
    return false;
}

bool virtio_negotiate(struct virtio_device *device, uint64_t features)
{
    uint64_t offered;

    virtio_write(device, REG_STATUS, STATUS_ACK);
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER);
    virtio_write(device, REG_DEVICE_FEATURES_SEL, 1);
    offered = (uint64_t)virtio_read(device, REG_DEVICE_FEATURES) << 32;
    virtio_write(device, REG_DEVICE_FEATURES_SEL, 0);
    offered |= virtio_read(device, REG_DEVICE_FEATURES);
    features = (features & offered) | FEATURE_VERSION_1;
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 0);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)features);
    virtio_write(device, REG_DRIVER_FEATURES_SEL, 1);
    virtio_write(device, REG_DRIVER_FEATURES, (uint32_t)(features >> 32));
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK);
    return (virtio_read(device, REG_STATUS) & STATUS_FEATURES_OK) != 0;
}

void virtio_queue_place(struct virtio_device *device, uint32_t index, uint32_t size, uint64_t desc,
                        uint64_t avail, uint64_t used)
{
    const uint64_t parts[3] = {desc, avail, used};
    static const uint32_t registers[3] = {REG_QUEUE_DESC_LOW, REG_QUEUE_DRIVER_LOW, REG_QUEUE_DEVICE_LOW};

    virtio_write(device, REG_QUEUE_SEL, index);
    virtio_write(device, REG_QUEUE_NUM, size);
    for (int i = 0; i < 3; i++) {
        virtio_write(device, registers[i], (uint32_t)parts[i]);
        virtio_write(device, registers[i] + 4, (uint32_t)(parts[i] >> 32));
    }
    virtio_write(device, REG_QUEUE_READY, 1);
}

bool virtio_queue_enable(struct virtio_device *device, uint32_t index)
{
    struct virtio_queue *queue = &device->queues[index];

    virtio_write(device, REG_QUEUE_SEL, index);
    if (virtio_read(device, REG_QUEUE_NUM_MAX) < VIRTIO_QUEUE_SIZE) {
        return false;
    }
    memset(queue, 0, sizeof *queue);
    virtio_queue_place(device, index, VIRTIO_QUEUE_SIZE, (uint64_t)(uintptr_t)queue->desc,
                       (uint64_t)(uintptr_t)&queue->avail, (uint64_t)(uintptr_t)&queue->used);
    return virtio_read(device, REG_QUEUE_READY) == 1;
}

void virtio_driver_ok(struct virtio_device *device)
{
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

bool virtio_start(struct virtio_device *device)
{
    bool ok = virtio_reset(device) && virtio_negotiate(device, 0) && virtio_queue_enable(device, 0);

    if (ok && virtio_out_queue(device) == 1) {
        ok = virtio_queue_enable(device, 1);
    }
    virtio_driver_ok(device);
    return ok;
}

void virtio_submit(struct virtio_device *device, uint32_t index, uint16_t head)
{
    struct virtio_queue *queue = &device->queues[index];
    uint16_t idx = queue->avail.idx;

    queue->avail.ring[idx % VIRTIO_QUEUE_SIZE] = head;
    __asm__ volatile("dmb ish" ::: "memory");
    *(volatile uint16_t *)&queue->avail.idx = (uint16_t)(idx + 1);
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
}

bool virtio_wait_used(struct virtio_device *device, uint32_t index, uint16_t count)
{
    volatile uint16_t *idx = &device->queues[index].used.idx;

    for (uint32_t i = 0; i < WAIT_POLLS; i++) {
        if (*idx >= count) {
            return true;
        }
    }
    return false;
}

uint32_t virtio_out_queue(const struct virtio_device *device)
{
    return device->id == DEVICE_NET || device->id == DEVICE_CONSOLE ? 1 : 0;
}

/* Fill descriptors of queue `index` with one harmless request; returns how many it takes. */
static void build_request(struct virtio_device *device)
{
    struct virtio_desc *desc = device->queues[virtio_out_queue(device)].desc;
    uint64_t buffer = (uint64_t)(uintptr_t)device->buffers;

    memset(device->buffers, 0, 2048);
    if (device->id == DEVICE_NET) {
        /* A broadcast frame of a local experimental EtherType behind an empty virtio_net_hdr. */
        memset(device->buffers + 12, 0xff, 6);
        device->buffers[18] = 0x02;
        device->buffers[24] = 0x88;
        device->buffers[25] = 0xb5;
        desc[0] = (struct virtio_desc){buffer, 12 + 60, 0, 0};
    } else if (device->id == DEVICE_BLOCK) {
        desc[0] = (struct virtio_desc){buffer, 16, DESC_NEXT, 1};
        desc[1] = (struct virtio_desc){buffer + 1024, 512, DESC_NEXT | DESC_WRITE, 2};
        desc[2] = (struct virtio_desc){buffer + 16, 1, DESC_WRITE, 0};
    } else if (device->id == DEVICE_CONSOLE) {
        device->buffers[0] = '\n';
        desc[0] = (struct virtio_desc){buffer, 1, 0, 0};
    } else {
        desc[0] = (struct virtio_desc){buffer, 64, DESC_WRITE, 0};
    }
}

const char *virtio_check_alive(struct virtio_device *device)
{
    if (virtio_read(device, REG_MAGIC) != 0x74726976u || virtio_read(device, REG_VERSION) != 2 ||
        virtio_read(device, REG_DEVICE_ID) != device->id) {
        return "identification registers changed";
    }
    if (!virtio_reset(device)) {
        return "reset does not end";
    }
    if (!virtio_start(device)) {
        return "does not start after a reset";
    }
    build_request(device);
    virtio_submit(device, virtio_out_queue(device), 0);
    if (!virtio_wait_used(device, virtio_out_queue(device), 1)) {
        return "a good request is not answered";
    }
    if ((virtio_read(device, REG_STATUS) & STATUS_NEEDS_RESET) != 0) {
        return "needs a reset after a good request";
    }
    return virtio_reset(device) ? NULL : "reset does not end";
}
