/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/pci.h"

#define SLOTS 32u
#define SLOT_BYTES 0x8000u
#define VIRTIO_VENDOR 0x1af4u
#define VIRTIO_DEVICE 0x1040u
#define CAPABILITY_VENDOR 0x09u
#define CAPABILITY_MSIX 0x11u
#define CAPABILITIES_MAX 48u
#define MSIX_ENABLE 0x8000u
#define SETSPI 0x40u
#define VIRTIO_MAGIC 0x74726976u

/* Types of the vendor's capabilities (4.1.4). */
enum capability { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4, CAP_ACCESS = 5 };

static void read_capability(struct virtio_device *device, uint64_t at)
{
    uint32_t head = (uint32_t)access_read(at, 4);
    uint64_t offset = device->base + access_read(at + 8, 4);

    if ((head & 0xff) == CAPABILITY_MSIX) {
        device->pci.msix_at = at;
        device->pci.msix_table = device->base + (access_read(at + 4, 4) & ~7ull);
        device->pci.vectors = (uint32_t)(head >> 16 & 0x7ff) + 1;
    } else if ((head & 0xff) == CAPABILITY_VENDOR) {
        switch (head >> 24) {
        case CAP_COMMON:
            device->pci.common = offset;
            break;
        case CAP_NOTIFY:
            device->pci.notify = offset;
            device->pci.notify_bytes = (uint32_t)access_read(at + 16, 4);
            break;
        case CAP_ISR:
            device->pci.isr = offset;
            break;
        case CAP_DEVICE:
            device->pci.config = offset;
            break;
        case CAP_ACCESS:
            device->pci.access_at = at;
            break;
        default:
            break;
        }
    }
}

static void read_capabilities(struct virtio_device *device)
{
    uint64_t at = access_read(device->pci.space + PCI_CAPABILITIES, 1);

    for (uint32_t i = 0; at != 0 && i < CAPABILITIES_MAX; i++) {
        read_capability(device, device->pci.space + at);
        at = access_read(device->pci.space + at + 1, 1);
    }
}

uint32_t pci_probe(struct virtio_device *devices, uint32_t room)
{
    uint32_t count = 0;

    for (uint32_t slot = 0; machine.ecam != 0 && slot < SLOTS && count < room; slot++) {
        uint64_t space = machine.ecam + slot * SLOT_BYTES;
        uint32_t id = (uint32_t)access_read(space + PCI_ID, 4);
        struct virtio_device *device = &devices[count];

        if ((id & 0xffff) != VIRTIO_VENDOR || id >> 16 < VIRTIO_DEVICE) {
            continue;
        }
        device->id = (id >> 16) - VIRTIO_DEVICE;
        device->base = access_read(space + PCI_BAR0, 4) & ~0xfull;
        device->intid =
            machine.msi_spi_first + (machine.msi_spi_count != 0 ? count % machine.msi_spi_count : 0);
        device->pci.space = space;
        read_capabilities(device);
        pci_restore(device);
        count++;
    }
    return count;
}

void pci_restore(const struct virtio_device *device)
{
    access_write(device->pci.space + PCI_BAR0, 4, device->base);
    access_write(device->pci.space + PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
    if (device->pci.msix_at != 0) {
        for (uint32_t vector = 0; vector < device->pci.vectors; vector++) {
            uint64_t entry = device->pci.msix_table + 16ull * vector;

            access_write(entry, 8, machine.msi_frame + SETSPI);
            access_write(entry + 8, 4, device->intid);
            access_write(entry + 12, 4, 0);
        }
        access_write(device->pci.msix_at + 2, 2, MSIX_ENABLE);
    }
}

void pci_use_vector(const struct virtio_device *device, uint32_t index)
{
    access_write(device->pci.common + PCI_CONFIG_VECTOR, 2, 0);
    access_write(device->pci.common + PCI_QUEUE_SELECT, 2, index);
    access_write(device->pci.common + PCI_QUEUE_VECTOR, 2, 0);
}

/* Where a register of virtio-mmio is in the common configuration, and how wide; width 0: nowhere. */
struct place {
    uint16_t offset;
    uint8_t width;
};

static struct place place_of(uint32_t offset)
{
    switch (offset) {
    case REG_DEVICE_FEATURES_SEL:
        return (struct place){0x00, 4};
    case REG_DEVICE_FEATURES:
        return (struct place){0x04, 4};
    case REG_DRIVER_FEATURES_SEL:
        return (struct place){0x08, 4};
    case REG_DRIVER_FEATURES:
        return (struct place){0x0c, 4};
    case REG_STATUS:
        return (struct place){PCI_STATUS, 1};
    case REG_CONFIG_GENERATION:
        return (struct place){0x15, 1};
    case REG_QUEUE_SEL:
        return (struct place){PCI_QUEUE_SELECT, 2};
    case REG_QUEUE_NUM_MAX:
    case REG_QUEUE_NUM:
        return (struct place){0x18, 2};
    case REG_QUEUE_READY:
        return (struct place){PCI_QUEUE_ENABLE, 2};
    default:
        break;
    }
    if (offset >= REG_QUEUE_DESC_LOW && offset <= REG_QUEUE_DEVICE_LOW + 4) {
        /* 0x80, 0x90, 0xa0 and the words after them. */
        return (struct place){(uint16_t)(0x20 + (offset - REG_QUEUE_DESC_LOW) / 16 * 8 + offset % 16), 4};
    }
    return (struct place){0, 0};
}

uint32_t pci_read(const struct virtio_device *device, uint32_t offset)
{
    struct place place = place_of(offset);

    if (offset >= REG_CONFIG) {
        return device->pci.config != 0 ? (uint32_t)access_read(device->pci.config + offset - REG_CONFIG, 4)
                                       : 0;
    }
    switch (offset) {
    case REG_MAGIC:
        return (access_read(device->pci.space, 4) & 0xffff) == VIRTIO_VENDOR ? VIRTIO_MAGIC : 0;
    case REG_VERSION:
        return 2;
    case REG_DEVICE_ID:
        return (uint32_t)access_read(device->pci.space + 2, 2) - VIRTIO_DEVICE;
    case REG_INTERRUPT_STATUS:
        return (uint32_t)access_read(device->pci.isr, 1);
    default:
        return place.width != 0 ? (uint32_t)access_read(device->pci.common + place.offset, place.width) : 0;
    }
}

void pci_write(const struct virtio_device *device, uint32_t offset, uint32_t value)
{
    struct place place = place_of(offset);

    if (offset >= REG_CONFIG) {
        access_write(device->pci.config + offset - REG_CONFIG, 4, value);
    } else if (offset == REG_QUEUE_NOTIFY) {
        /* Inside the page of notifications, whatever the queue's number. */
        access_write(device->pci.notify + (value * device->pci.notify_bytes & 0xffcu), 2, value);
    } else if (place.width != 0 && offset != REG_QUEUE_NUM_MAX) {
        access_write(device->pci.common + place.offset, place.width, value);
    }
}
