/* SPDX-License-Identifier: BSD-2-Clause */
/* Bringing a virtio device behind virtio-mmio registers up and down. */
#include "lib/virtq_driver/mmio_transport.h"

/* Registers, section 4.2.2. */
#define MAGIC_VALUE 0x000u
#define VERSION 0x004u
#define DEVICE_ID 0x008u
#define DEVICE_FEATURES 0x010u
#define DEVICE_FEATURES_SEL 0x014u
#define DRIVER_FEATURES 0x020u
#define DRIVER_FEATURES_SEL 0x024u
#define QUEUE_SEL 0x030u
#define QUEUE_NUM_MAX 0x034u
#define QUEUE_NUM 0x038u
#define QUEUE_READY 0x044u
#define QUEUE_NOTIFY 0x050u
#define INTERRUPT_STATUS 0x060u
#define INTERRUPT_ACK 0x064u
#define STATUS 0x070u
#define QUEUE_DESC 0x080u
#define QUEUE_DRIVER 0x090u
#define QUEUE_DEVICE 0x0a0u

#define MAGIC 0x74726976u
#define MODERN 2u

/* A device that resets itself for longer is no use. */
#define MAX_POLLS 10000u

static uint32_t read(const struct mmio_transport *transport, uint32_t offset)
{
    return transport->read(transport->context, offset);
}

static void write(const struct mmio_transport *transport, uint32_t offset, uint32_t value)
{
    transport->write(transport->context, offset, value);
}

static void write_address(const struct mmio_transport *transport, uint32_t offset, uint64_t paddr)
{
    write(transport, offset, (uint32_t)paddr);
    write(transport, offset + 4, (uint32_t)(paddr >> 32));
}

/* Section 4.2.3.1.1: reset, and wait until it is over. */
static enum err reset(const struct mmio_transport *transport)
{
    write(transport, STATUS, 0);
    for (unsigned int i = 0; i < MAX_POLLS; i++) {
        if (read(transport, STATUS) == 0) {
            return ERR_OK;
        }
    }
    return ERR_STATE;
}

enum err mmio_transport_reset(const struct mmio_transport *transport, uint32_t device_id)
{
    if (read(transport, MAGIC_VALUE) != MAGIC || read(transport, VERSION) != MODERN ||
        read(transport, DEVICE_ID) != device_id) {
        return ERR_UNSUPPORTED;
    }
    return reset(transport);
}

enum err mmio_transport_negotiate(const struct mmio_transport *transport, uint64_t wanted, uint64_t *features)
{
    const uint32_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

    write(transport, STATUS, VIRTIO_STATUS_ACKNOWLEDGE);
    write(transport, STATUS, status);
    write(transport, DEVICE_FEATURES_SEL, 0);
    *features = read(transport, DEVICE_FEATURES);
    write(transport, DEVICE_FEATURES_SEL, 1);
    *features |= (uint64_t)read(transport, DEVICE_FEATURES) << 32;
    *features &= wanted;
    if ((*features & VIRTIO_F_VERSION_1) == 0) {
        return ERR_UNSUPPORTED;
    }
    write(transport, DRIVER_FEATURES_SEL, 0);
    write(transport, DRIVER_FEATURES, (uint32_t)*features);
    write(transport, DRIVER_FEATURES_SEL, 1);
    write(transport, DRIVER_FEATURES, (uint32_t)(*features >> 32));
    write(transport, STATUS, status | VIRTIO_STATUS_FEATURES_OK);
    return (read(transport, STATUS) & VIRTIO_STATUS_FEATURES_OK) != 0 ? ERR_OK : ERR_STATE;
}

enum err mmio_transport_add_queue(const struct mmio_transport *transport, uint32_t index, void *memory,
                                  uint64_t paddr, bool event_idx, struct virtq_driver *queue)
{
    write(transport, QUEUE_SEL, index);

    uint32_t size = read(transport, QUEUE_NUM_MAX);
    size = size < VIRTQ_DRIVER_MAX_SIZE ? size : VIRTQ_DRIVER_MAX_SIZE;
    while ((size & (size - 1)) != 0) {
        size &= size - 1;
    }
    if (size < 4 || read(transport, QUEUE_READY) != 0) {
        return ERR_STATE;
    }
    const enum err err = virtq_driver_init(queue, memory, paddr, (uint16_t)size, event_idx);
    if (err != ERR_OK) {
        return err;
    }
    write(transport, QUEUE_NUM, size);
    write_address(transport, QUEUE_DESC, queue->places.desc);
    write_address(transport, QUEUE_DRIVER, queue->places.avail);
    write_address(transport, QUEUE_DEVICE, queue->places.used);
    write(transport, QUEUE_READY, 1);
    return ERR_OK;
}

void mmio_transport_go(const struct mmio_transport *transport)
{
    write(transport, STATUS,
          VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
              VIRTIO_STATUS_DRIVER_OK);
}

void mmio_transport_give_up(const struct mmio_transport *transport)
{
    write(transport, STATUS, VIRTIO_STATUS_FAILED);
}

void mmio_transport_stop(const struct mmio_transport *transport)
{
    (void)reset(transport);
    mmio_transport_give_up(transport);
}

uint32_t mmio_transport_interrupts(const struct mmio_transport *transport)
{
    const uint32_t pending = read(transport, INTERRUPT_STATUS);

    if (pending != 0) {
        write(transport, INTERRUPT_ACK, pending);
    }
    return pending;
}

bool mmio_transport_needs_reset(const struct mmio_transport *transport)
{
    return (read(transport, STATUS) & VIRTIO_STATUS_NEEDS_RESET) != 0;
}

void mmio_transport_kick(const struct mmio_transport *transport, uint32_t index)
{
    write(transport, QUEUE_NOTIFY, index);
}
