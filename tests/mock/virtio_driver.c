/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/virtio_driver.h"

#include <stdlib.h>

uint32_t virtio_driver_read(struct virtio_mmio *mmio, uint32_t offset)
{
    struct mmio_access access = {.offset = offset, .width_bytes = 4};

    if (virtio_mmio_access(mmio, &access) != MMIO_DONE || access.value > UINT32_MAX) {
        abort();
    }
    /* A guest that has the page mapped reads that instead, and must see no difference. */
    if (mmio->page != NULL && offset < VIRTIO_MMIO_CONFIG && mmio->page[offset / 4] != access.value) {
        abort();
    }
    return (uint32_t)access.value;
}

void virtio_driver_write(struct virtio_mmio *mmio, uint32_t offset, uint32_t value)
{
    struct mmio_access access = {.offset = offset, .value = value, .width_bytes = 4, .is_write = true};

    if (virtio_mmio_access(mmio, &access) != MMIO_DONE) {
        abort();
    }
}

uint64_t virtio_driver_offered(struct virtio_mmio *mmio)
{
    virtio_driver_write(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 0);
    const uint64_t low = virtio_driver_read(mmio, VIRTIO_MMIO_DEVICE_FEATURES);
    virtio_driver_write(mmio, VIRTIO_MMIO_DEVICE_FEATURES_SEL, 1);
    return low | (uint64_t)virtio_driver_read(mmio, VIRTIO_MMIO_DEVICE_FEATURES) << 32;
}

static void add_status(struct virtio_mmio *mmio, uint32_t bits)
{
    virtio_driver_write(mmio, VIRTIO_MMIO_STATUS, virtio_driver_read(mmio, VIRTIO_MMIO_STATUS) | bits);
}

bool virtio_driver_negotiate(struct virtio_mmio *mmio, uint64_t features)
{
    virtio_driver_write(mmio, VIRTIO_MMIO_STATUS, 0);
    add_status(mmio, VIRTIO_STATUS_ACKNOWLEDGE);
    add_status(mmio, VIRTIO_STATUS_DRIVER);
    virtio_driver_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 0);
    virtio_driver_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)features);
    virtio_driver_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES_SEL, 1);
    virtio_driver_write(mmio, VIRTIO_MMIO_DRIVER_FEATURES, (uint32_t)(features >> 32));
    add_status(mmio, VIRTIO_STATUS_FEATURES_OK);
    return (virtio_driver_read(mmio, VIRTIO_MMIO_STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0;
}

static void write_address(struct virtio_mmio *mmio, uint32_t low_register, uint64_t address)
{
    virtio_driver_write(mmio, low_register, (uint32_t)address);
    virtio_driver_write(mmio, low_register + 4, (uint32_t)(address >> 32));
}

bool virtio_driver_add_queue(struct virtio_mmio *mmio, uint32_t index, const struct driver_queue *queue)
{
    virtio_driver_write(mmio, VIRTIO_MMIO_QUEUE_SEL, index);
    virtio_driver_write(mmio, VIRTIO_MMIO_QUEUE_NUM, queue->size);
    write_address(mmio, VIRTIO_MMIO_QUEUE_DESC_LOW, queue->desc);
    write_address(mmio, VIRTIO_MMIO_QUEUE_DRIVER_LOW, queue->avail);
    write_address(mmio, VIRTIO_MMIO_QUEUE_DEVICE_LOW, queue->used);
    virtio_driver_write(mmio, VIRTIO_MMIO_QUEUE_READY, 1);
    return virtio_driver_read(mmio, VIRTIO_MMIO_QUEUE_READY) == 1;
}

void virtio_driver_go(struct virtio_mmio *mmio)
{
    add_status(mmio, VIRTIO_STATUS_DRIVER_OK);
}

void virtio_driver_kick(struct virtio_mmio *mmio, uint32_t index, struct driver_queue *queue)
{
    if (driver_wants_kick(queue)) {
        virtio_driver_write(mmio, VIRTIO_MMIO_QUEUE_NOTIFY, index);
    }
}

uint32_t virtio_driver_take_interrupt(struct virtio_mmio *mmio)
{
    const uint32_t status = virtio_driver_read(mmio, VIRTIO_MMIO_INTERRUPT_STATUS);

    virtio_driver_write(mmio, VIRTIO_MMIO_INTERRUPT_ACK, status);
    return status;
}
