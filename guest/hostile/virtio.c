/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/hostile.h"

#include "lib/base/mem.h"

#include "guest/hostile/pci.h"

#define FEATURE_VERSION_1 (1ull << 32)
/* A disk behind a host that has other things to do, too. */
#define WAIT_SECONDS 20u
/* An EtherType for experiments (IEEE 802.3, local experimental 1). */
#define NET_HEADER_BYTES 12u
#define NET_FRAME_BYTES 60u

static struct virtio_queue queues[MACHINE_MAX_DEVICES][VIRTIO_QUEUE_COUNT];
static uint8_t buffers[MACHINE_MAX_DEVICES][VIRTIO_BUFFER_BYTES] __attribute__((aligned(4096)));

struct virtio_device virtio_devices[MACHINE_MAX_DEVICES];
uint32_t virtio_count;

void virtio_probe(void)
{
    for (uint32_t i = 0; i < machine.virtio_count; i++) {
        struct virtio_device *device = &virtio_devices[virtio_count];

        *device = (struct virtio_device){.base = machine.virtio[i].base, .intid = machine.virtio[i].intid};
        device->id = virtio_read(device, REG_DEVICE_ID);
        virtio_count += device->id != 0 ? 1 : 0;
    }
    virtio_count += pci_probe(&virtio_devices[virtio_count], MACHINE_MAX_DEVICES - virtio_count);
    for (uint32_t i = 0; i < virtio_count; i++) {
        struct virtio_device *device = &virtio_devices[i];
        uint32_t max;

        device->queues = queues[i];
        device->buffers = buffers[i];
        (void)virtio_reset(device);
        max = virtio_queue_max(device, 0);
        device->queue_size = (uint16_t)(max < VIRTIO_QUEUE_SIZE ? max : VIRTIO_QUEUE_SIZE);
    }
}

uint32_t virtio_read(const struct virtio_device *device, uint32_t offset)
{
    return device->pci.space != 0 ? pci_read(device, offset)
                                  : (uint32_t)access_read(device->base + offset, 4);
}

void virtio_write(const struct virtio_device *device, uint32_t offset, uint32_t value)
{
    if (device->pci.space != 0) {
        pci_write(device, offset, value);
    } else {
        access_write(device->base + offset, 4, value);
    }
}

uint64_t virtio_config(const struct virtio_device *device)
{
    return device->pci.space != 0 ? device->pci.config : device->base + REG_CONFIG;
}

bool virtio_interrupts(const struct virtio_device *device)
{
    return device->pci.space != 0 ? gic_is_pending(device->intid)
                                  : virtio_read(device, REG_INTERRUPT_STATUS) != 0;
}

bool virtio_reset(struct virtio_device *device)
{
    const uint64_t start = machine_ticks();

    virtio_write(device, REG_STATUS, 0);
    do {
        if (virtio_read(device, REG_STATUS) == 0) {
            return true;
        }
    } while (machine_ticks() - start < WAIT_SECONDS * machine_frequency());
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
    if (device->pci.space != 0) {
        pci_use_vector(device, index);
    }
}

bool virtio_queue_enable(struct virtio_device *device, uint32_t index)
{
    struct virtio_queue *queue = &device->queues[index];

    virtio_write(device, REG_QUEUE_SEL, index);
    if (virtio_read(device, REG_QUEUE_NUM_MAX) < device->queue_size) {
        return false;
    }
    memset(queue, 0, sizeof *queue);
    virtio_queue_place(device, index, device->queue_size, (uint64_t)(uintptr_t)queue->desc,
                       (uint64_t)(uintptr_t)&queue->avail, (uint64_t)(uintptr_t)&queue->used);
    return virtio_read(device, REG_QUEUE_READY) == 1;
}

void virtio_driver_ok(struct virtio_device *device)
{
    virtio_write(device, REG_STATUS, STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES_OK | STATUS_DRIVER_OK);
}

uint32_t virtio_queue_max(struct virtio_device *device, uint32_t index)
{
    virtio_write(device, REG_QUEUE_SEL, index);
    return virtio_read(device, REG_QUEUE_NUM_MAX);
}

uint32_t virtio_queue_total(struct virtio_device *device)
{
    uint32_t total = 0;

    while (total < 0x10000 && virtio_queue_max(device, total) != 0) {
        total++;
    }
    return total;
}

bool virtio_start_with(struct virtio_device *device, uint64_t features, uint32_t count)
{
    bool ok = virtio_reset(device) && virtio_negotiate(device, features);

    for (uint32_t index = 0; ok && index < count; index++) {
        ok = virtio_queue_enable(device, index);
    }
    virtio_driver_ok(device);
    return ok;
}

bool virtio_start(struct virtio_device *device)
{
    return virtio_start_with(device, 0, virtio_out_queue(device) + 1);
}

void virtio_submit(struct virtio_device *device, uint32_t index, uint16_t head)
{
    struct virtio_queue *queue = &device->queues[index];
    uint16_t idx = queue->avail.idx;

    queue->avail.ring[idx % device->queue_size] = head;
    __asm__ volatile("dmb ish" ::: "memory");
    *(volatile uint16_t *)&queue->avail.idx = (uint16_t)(idx + 1);
    __asm__ volatile("dmb ish" ::: "memory");
    virtio_write(device, REG_QUEUE_NOTIFY, index);
}

bool virtio_wait_used(struct virtio_device *device, uint32_t index, uint16_t count)
{
    volatile uint16_t *idx = &device->queues[index].used.idx;

    uint64_t start = machine_ticks();

    while ((int16_t)(*idx - count) < 0) {
        if (machine_ticks() - start > WAIT_SECONDS * machine_frequency()) {
            return false;
        }
    }
    return true;
}

uint32_t virtio_out_queue(const struct virtio_device *device)
{
    return device->id == DEVICE_NET || device->id == DEVICE_CONSOLE ? 1 : 0;
}

/* A broadcast frame of an EtherType for local experiments behind an empty virtio_net_hdr. */
static void build_frame(struct virtio_device *device)
{
    memset(device->buffers, 0, 2048);
    memset(device->buffers + NET_HEADER_BYTES, 0xff, 6);
    device->buffers[NET_HEADER_BYTES + 6] = 0x02;
    device->buffers[NET_HEADER_BYTES + 12] = 0x88;
    device->buffers[NET_HEADER_BYTES + 13] = 0xb5;
    device->queues[1].desc[0] =
        (struct virtio_desc){(uint64_t)(uintptr_t)device->buffers, NET_HEADER_BYTES + NET_FRAME_BYTES, 0, 0};
}

/* Fill the first descriptors of its queue with one harmless request. */
static void build_request(struct virtio_device *device)
{
    struct virtio_desc *desc = device->queues[virtio_out_queue(device)].desc;
    uint64_t buffer = (uint64_t)(uintptr_t)device->buffers;

    memset(device->buffers, 0, 2048);
    if (device->id == DEVICE_NET) {
        build_frame(device);
    } else if (device->id == DEVICE_BLOCK) {
        device->buffers[16] = 0xff;
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

/* Is what the device was asked for there? */
static bool answer_is_good(const struct virtio_device *device)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; device->id == DEVICE_ENTROPY && i < 64; i++) {
        sum |= device->buffers[i];
    }
    return device->id == DEVICE_BLOCK     ? device->buffers[16] == 0
           : device->id == DEVICE_ENTROPY ? sum != 0
                                          : true;
}

bool virtio_request(struct virtio_device *device)
{
    uint32_t index = virtio_out_queue(device);
    struct virtio_queue *queue = &device->queues[index];

    build_request(device);
    virtio_submit(device, index, 0);
    return virtio_wait_used(device, index, *(volatile uint16_t *)&queue->avail.idx) && answer_is_good(device);
}

struct virtio_device *virtio_other_card(const struct virtio_device *device)
{
    for (uint32_t i = 0; i < virtio_count; i++) {
        if (virtio_devices[i].id == DEVICE_NET && &virtio_devices[i] != device) {
            return &virtio_devices[i];
        }
    }
    return NULL;
}

void virtio_provoke(struct virtio_device *device)
{
    struct virtio_device *other = device->id == DEVICE_NET ? virtio_other_card(device) : NULL;

    if (other != NULL && virtio_start(other)) {
        (void)virtio_request(other);
    }
}

/* A frame from another card of ours comes in on this one, which runs. */
static bool receives(struct virtio_device *device)
{
    struct virtio_queue *queue = &device->queues[0];
    uint8_t *buffer = device->buffers + 4096;

    for (uint16_t i = 0; i < device->queue_size; i++) {
        queue->desc[i] = (struct virtio_desc){(uint64_t)(uintptr_t)buffer + 2048u * i, 2048, DESC_WRITE, 0};
        virtio_submit(device, 0, i);
    }
    for (uint16_t got = 0; got < device->queue_size; got++) {
        virtio_provoke(device);
        if (!virtio_wait_used(device, 0, (uint16_t)(got + 1))) {
            return false;
        }
        /* Unless it was one of the neighbours' own. */
        if (buffer[2048u * got + NET_HEADER_BYTES + 12] == 0x88 &&
            buffer[2048u * got + NET_HEADER_BYTES + 13] == 0xb5) {
            return true;
        }
    }
    return false;
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
    if (!virtio_request(device)) {
        return "a good request is not answered";
    }
    if (device->id == DEVICE_NET && virtio_other_card(device) != NULL && !receives(device)) {
        return "nothing is received any more";
    }
    if ((virtio_read(device, REG_STATUS) & STATUS_NEEDS_RESET) != 0) {
        return "needs a reset after a good request";
    }
    return virtio_reset(device) ? NULL : "reset does not end";
}
