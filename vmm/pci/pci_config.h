/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The configuration space of one PCI function (PCI Local Bus 3.0, chapter 6): a type 0 header, 32-bit memory
 * BARs and capabilities. Every bit knows whether stores change it, so that sizing and moving a BAR are plain
 * stores and need no code of their own.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

#define PCI_CONFIG_BYTES 256u
#define PCI_CONFIG_BARS 6u

/** Register offsets, PCI 3.0 figure 6-1. */
enum pci_config_register {
    PCI_CONFIG_VENDOR_ID = 0x00,
    PCI_CONFIG_DEVICE_ID = 0x02,
    PCI_CONFIG_COMMAND = 0x04,
    PCI_CONFIG_STATUS = 0x06,
    PCI_CONFIG_REVISION = 0x08,
    PCI_CONFIG_CLASS = 0x09, /**< three bytes */
    PCI_CONFIG_BAR0 = 0x10,
    PCI_CONFIG_SUBSYSTEM_VENDOR_ID = 0x2c,
    PCI_CONFIG_SUBSYSTEM_ID = 0x2e,
    PCI_CONFIG_CAPABILITIES = 0x34,
    PCI_CONFIG_INTERRUPT_LINE = 0x3c,
    PCI_CONFIG_INTERRUPT_PIN = 0x3d,
    PCI_CONFIG_HEADER_END = 0x40
};

/** Bits of the command register (6.2.2). */
#define PCI_CONFIG_COMMAND_MEMORY 0x0002u
#define PCI_CONFIG_COMMAND_MASTER 0x0004u
#define PCI_CONFIG_COMMAND_NO_INTX 0x0400u
/** Status register: there is a list of capabilities (6.2.3). */
#define PCI_CONFIG_STATUS_CAPABILITIES 0x0010u

/** Capability ids (PCI Code and ID Assignment). */
#define PCI_CONFIG_CAPABILITY_VENDOR 0x09u
#define PCI_CONFIG_CAPABILITY_MSIX 0x11u

/** What a function is. */
struct pci_config_identity {
    uint16_t vendor, device;
    uint16_t subsystem_vendor, subsystem;
    uint32_t class_code; /**< base class, subclass, interface: 24 bits */
    uint8_t revision;
};

/** One configuration space. */
struct pci_config {
    uint8_t bytes[PCI_CONFIG_BYTES];
    uint8_t initial[PCI_CONFIG_BYTES];  /**< after a reset */
    uint8_t writable[PCI_CONFIG_BYTES]; /**< a bit that is set: stores change it */
    uint8_t link;                       /**< where the offset of the next capability goes */
    uint16_t end;                       /**< of the capabilities */
    uint32_t bar_bytes[PCI_CONFIG_BARS];
};

/** A header without BARs, interrupt pin and capabilities. */
void pci_config_init(struct pci_config *config, const struct pci_config_identity *identity);

/**
 * Make BAR `index` (below PCI_CONFIG_BARS) one of `bytes` of memory, a power of two from 16 up, which is at
 * `base` after a reset.
 */
void pci_config_set_bar(struct pci_config *config, uint32_t index, uint32_t base, uint32_t bytes);

/**
 * Add a capability: id, link, and the `bytes` bytes of `body`. `writable` says which bits of the body stores
 * change; NULL: none. *offset is where it was put. ERR_SPACE: no room for it.
 */
ERR_CHECKED enum err pci_config_add_capability(struct pci_config *config, uint8_t id, const void *body,
                                               const void *writable, uint32_t bytes, uint32_t *offset);

/** Power-on state. */
void pci_config_reset(struct pci_config *config);

/**
 * The one accessor. Bytes beyond the space read as zero and are not stored. Accesses may be of any width up
 * to eight bytes, aligned or not.
 */
uint64_t pci_config_read(const struct pci_config *config, uint64_t offset, uint32_t bytes);
void pci_config_write(struct pci_config *config, uint64_t offset, uint64_t value, uint32_t bytes);

/** Where BAR `index` is now. */
uint32_t pci_config_bar(const struct pci_config *config, uint32_t index);

/** Whether all of `bits` are set in the command register. */
bool pci_config_command_has(const struct pci_config *config, uint16_t bits);
