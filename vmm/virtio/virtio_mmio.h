/* SPDX-License-Identifier: BSD-2-Clause */
/** The virtio-mmio transport, version 2 (virtio 1.2, section 4.2). One register window per device. */
#pragma once

#include <stdint.h>

#include "vmm/bus/mmio.h"
#include "vmm/vgic/irq_line.h"
#include "vmm/virtio/virtio_device.h"

/** Register offsets, section 4.2.2. */
enum virtio_mmio_register {
    VIRTIO_MMIO_MAGIC_VALUE = 0x000,
    VIRTIO_MMIO_VERSION = 0x004,
    VIRTIO_MMIO_DEVICE_ID = 0x008,
    VIRTIO_MMIO_VENDOR_ID = 0x00c,
    VIRTIO_MMIO_DEVICE_FEATURES = 0x010,
    VIRTIO_MMIO_DEVICE_FEATURES_SEL = 0x014,
    VIRTIO_MMIO_DRIVER_FEATURES = 0x020,
    VIRTIO_MMIO_DRIVER_FEATURES_SEL = 0x024,
    VIRTIO_MMIO_QUEUE_SEL = 0x030,
    VIRTIO_MMIO_QUEUE_NUM_MAX = 0x034,
    VIRTIO_MMIO_QUEUE_NUM = 0x038,
    VIRTIO_MMIO_QUEUE_READY = 0x044,
    VIRTIO_MMIO_QUEUE_NOTIFY = 0x050,
    VIRTIO_MMIO_INTERRUPT_STATUS = 0x060,
    VIRTIO_MMIO_INTERRUPT_ACK = 0x064,
    VIRTIO_MMIO_STATUS = 0x070,
    VIRTIO_MMIO_QUEUE_DESC_LOW = 0x080,
    VIRTIO_MMIO_QUEUE_DESC_HIGH = 0x084,
    VIRTIO_MMIO_QUEUE_DRIVER_LOW = 0x090,
    VIRTIO_MMIO_QUEUE_DRIVER_HIGH = 0x094,
    VIRTIO_MMIO_QUEUE_DEVICE_LOW = 0x0a0,
    VIRTIO_MMIO_QUEUE_DEVICE_HIGH = 0x0a4,
    VIRTIO_MMIO_SHM_LEN_LOW = 0x0b0,
    VIRTIO_MMIO_SHM_LEN_HIGH = 0x0b4,
    VIRTIO_MMIO_SHM_BASE_LOW = 0x0b8,
    VIRTIO_MMIO_SHM_BASE_HIGH = 0x0bc,
    VIRTIO_MMIO_QUEUE_RESET = 0x0c0,
    VIRTIO_MMIO_CONFIG_GENERATION = 0x0fc,
    VIRTIO_MMIO_CONFIG = 0x100
};

/** Value of MagicValue: "virt". */
#define VIRTIO_MMIO_MAGIC 0x74726976u
/** Value of VendorID: "CWAY". */
#define VIRTIO_MMIO_VENDOR 0x59415743u

/** Bits of InterruptStatus. */
#define VIRTIO_MMIO_INTERRUPT_QUEUE 1u
#define VIRTIO_MMIO_INTERRUPT_CONFIG 2u

/** The transport of one device. */
struct virtio_mmio {
    struct virtio_device *device;
    struct irq_line *line;
    uint32_t interrupt_status;
    uint32_t shown_generation; /**< of the config space on the page */
    uint32_t *page;            /**< what the guest reads without a trap; NULL: every access traps */
};

/**
 * Put `device` behind registers. All pointers must outlive the transport.
 *
 * `page`, if not NULL, is a page of memory that the guest has mapped read-only where its registers are: it is
 * kept up to date, so that loads cost no exit; only stores trap.
 */
void virtio_mmio_init(struct virtio_mmio *mmio, struct virtio_device *device, struct irq_line *line,
                      void *page);

/** Machine reset: registers and device. */
void virtio_mmio_reset(struct virtio_mmio *mmio);

/**
 * mmio_handler of the window; `context` is a struct virtio_mmio. Registers take aligned 32-bit accesses only
 * (section 4.2.2.2); others read as zero and are not stored. The config space takes any width.
 */
enum mmio_result virtio_mmio_access(void *context, struct mmio_access *access);
