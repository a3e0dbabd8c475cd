/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The hostile guest's virtio-pci (virtio 1.2, 4.1): finds functions on bus 0 of the host bridge, and gives
 * their registers the offsets of virtio-mmio, so that most attacks need not know of the transport.
 */
#pragma once

#include "guest/hostile/hostile.h"

/** Configuration space (PCI 3.0, 6.1). */
enum pci_register {
    PCI_ID = 0x00,
    PCI_COMMAND = 0x04,
    PCI_CLASS = 0x08,
    PCI_BAR0 = 0x10,
    PCI_CAPABILITIES = 0x34
};
enum pci_command { PCI_COMMAND_MEMORY = 2, PCI_COMMAND_MASTER = 4 };

/** Common configuration (virtio 1.2, 4.1.4.3). */
enum pci_common {
    PCI_CONFIG_VECTOR = 0x10,
    PCI_NUM_QUEUES = 0x12,
    PCI_STATUS = 0x14,
    PCI_QUEUE_SELECT = 0x16
};
/** The same of the selected queue. */
enum pci_common_queue { PCI_QUEUE_VECTOR = 0x1a, PCI_QUEUE_ENABLE = 0x1c, PCI_QUEUE_NOTIFY_OFF = 0x1e };
#define PCI_NO_VECTOR 0xffffu

/** Add the functions on bus 0 to `virtio_devices`; returns how many there were. */
uint32_t pci_probe(struct virtio_device *devices, uint32_t room);

/** Registers by their offset in virtio-mmio; what has no match reads as 0 and is not written. */
uint32_t pci_read(const struct virtio_device *device, uint32_t offset);
void pci_write(const struct virtio_device *device, uint32_t offset, uint32_t value);

/** Put command, BAR and MSI-X back as pci_probe() had them: vector 0 pends the device's INTID. */
void pci_restore(const struct virtio_device *device);

/** Have queue `index` (and changes of the configuration) interrupt through vector 0. */
void pci_use_vector(const struct virtio_device *device, uint32_t index);
