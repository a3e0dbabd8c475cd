/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The virtio-pci transport, without its legacy interface (virtio 1.2, section 4.1): a function of the PCI
 * host bridge with one BAR, whose pages are
 *
 *     0x0000  common configuration, interrupt status at 0x100, the device's config space at 0x200
 *     0x1000  notifications, four bytes a queue: nothing else, so that stores can become doorbells
 *     0x2000  MSI-X table
 *     0x3000  MSI-X pending bits
 *
 * Interrupts are MSI-X messages to the GICv2m frame. There is no INTx: a driver without MSI-X has to poll.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "vmm/pci/msix.h"
#include "vmm/pci/pci_host.h"
#include "vmm/virtio/virtio_device.h"

/** Identity of modern virtio functions, section 4.1.2: the device id is this plus that of the kind. */
#define VIRTIO_PCI_VENDOR 0x1af4u
#define VIRTIO_PCI_DEVICE 0x1040u

/** Types of the vendor's capabilities, section 4.1.4. */
enum virtio_pci_capability {
    VIRTIO_PCI_CAP_COMMON_CFG = 1,
    VIRTIO_PCI_CAP_NOTIFY_CFG = 2,
    VIRTIO_PCI_CAP_ISR_CFG = 3,
    VIRTIO_PCI_CAP_DEVICE_CFG = 4,
    VIRTIO_PCI_CAP_PCI_CFG = 5
};

/** Where a capability's structure is: from the start of the capability. Section 4.1.4. */
enum virtio_pci_capability_field {
    VIRTIO_PCI_CAP_TYPE = 3,
    VIRTIO_PCI_CAP_BAR = 4,
    VIRTIO_PCI_CAP_OFFSET = 8,
    VIRTIO_PCI_CAP_LENGTH = 12,
    VIRTIO_PCI_CAP_MULTIPLIER = 16, /**< of a notify capability */
    VIRTIO_PCI_CAP_DATA = 16        /**< of a PCI configuration access capability */
};

/** The common configuration structure, section 4.1.4.3. */
enum virtio_pci_register {
    VIRTIO_PCI_DEVICE_FEATURE_SELECT = 0x00,
    VIRTIO_PCI_DEVICE_FEATURE = 0x04,
    VIRTIO_PCI_DRIVER_FEATURE_SELECT = 0x08,
    VIRTIO_PCI_DRIVER_FEATURE = 0x0c,
    VIRTIO_PCI_CONFIG_MSIX_VECTOR = 0x10,
    VIRTIO_PCI_NUM_QUEUES = 0x12,
    VIRTIO_PCI_DEVICE_STATUS = 0x14,
    VIRTIO_PCI_CONFIG_GENERATION = 0x15,
    VIRTIO_PCI_QUEUE_SELECT = 0x16,
    VIRTIO_PCI_QUEUE_SIZE = 0x18,
    VIRTIO_PCI_QUEUE_MSIX_VECTOR = 0x1a,
    VIRTIO_PCI_QUEUE_ENABLE = 0x1c,
    VIRTIO_PCI_QUEUE_NOTIFY_OFF = 0x1e,
    VIRTIO_PCI_QUEUE_DESC = 0x20,
    VIRTIO_PCI_QUEUE_DRIVER = 0x28,
    VIRTIO_PCI_QUEUE_DEVICE = 0x30,
    VIRTIO_PCI_QUEUE_NOTIFY_DATA = 0x38,
    VIRTIO_PCI_QUEUE_RESET = 0x3a,
    VIRTIO_PCI_COMMON_BYTES = 0x3c
};

/** Vector of a queue that interrupts nobody. */
#define VIRTIO_PCI_NO_VECTOR 0xffffu

/** Bits of the interrupt status, section 4.1.4.5. */
#define VIRTIO_PCI_ISR_QUEUE 1u
#define VIRTIO_PCI_ISR_CONFIG 2u

/** Offsets in the BAR; those of notifications are in lib/config/vmm_config.h, as the tool needs them. */
#define VIRTIO_PCI_BAR_ISR 0x100u
#define VIRTIO_PCI_BAR_CONFIG 0x200u
#define VIRTIO_PCI_BAR_TABLE 0x2000u
#define VIRTIO_PCI_BAR_PENDING 0x3000u

/** The transport of one device. */
struct virtio_pci {
    struct virtio_device *device;
    struct pci_function function;
    struct msix msix;
    uint16_t config_vector;
    uint16_t queue_vectors[VMM_CONFIG_MAX_QUEUES];
    uint32_t routes[VMM_CONFIG_MAX_QUEUES]; /**< what queue_routed() was told last: vCPU << 16 | INTID */
    uint8_t isr;
    uint64_t described_gpa;      /**< where the BAR is after a reset, and the description has its doorbells */
    uint64_t doorbells_gpa;      /**< where the BAR of the doorbells is now; PLATFORM_NOWHERE: they are off */
    uint32_t msix_at, access_at; /**< offsets of these capabilities in the configuration space; 0: none */
};

/**
 * Put `device` behind a function whose BAR is at `row->gpa` after a reset, with an MSI-X vector for
 * each queue and one for changes of the configuration, but `row->vectors` at most, that go to `frame`. All
 * pointers must outlive the transport. Errors: ERR_RANGE (vectors, BAR), ERR_SPACE.
 */
ERR_CHECKED enum err virtio_pci_init(struct virtio_pci *pci, struct virtio_device *device,
                                     const struct vmm_device_config *row, const struct gicv2m *frame);

/** Machine reset: configuration space, vectors and device. */
void virtio_pci_reset(struct virtio_pci *pci);
