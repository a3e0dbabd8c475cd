/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/pci/pci_config.h"

#include "lib/base/mem.h"

#define CAPABILITY_HEADER_BYTES 2u
#define CAPABILITY_ALIGN 4u
#define WRITABLE_COMMAND (PCI_CONFIG_COMMAND_MEMORY | PCI_CONFIG_COMMAND_MASTER | PCI_CONFIG_COMMAND_NO_INTX)

static void put(uint8_t *at, uint32_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

static uint32_t get(const uint8_t *at, uint32_t bytes)
{
    uint32_t value = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        value |= (uint32_t)at[i] << (8 * i);
    }
    return value;
}

void pci_config_init(struct pci_config *config, const struct pci_config_identity *identity)
{
    *config = (struct pci_config){.link = PCI_CONFIG_CAPABILITIES, .end = PCI_CONFIG_HEADER_END};
    uint8_t *initial = config->initial;
    put(&initial[PCI_CONFIG_VENDOR_ID], identity->vendor, 2);
    put(&initial[PCI_CONFIG_DEVICE_ID], identity->device, 2);
    put(&initial[PCI_CONFIG_REVISION], identity->revision, 1);
    put(&initial[PCI_CONFIG_CLASS], identity->class_code, 3);
    put(&initial[PCI_CONFIG_SUBSYSTEM_VENDOR_ID], identity->subsystem_vendor, 2);
    put(&initial[PCI_CONFIG_SUBSYSTEM_ID], identity->subsystem, 2);
    put(&config->writable[PCI_CONFIG_COMMAND], WRITABLE_COMMAND, 2);
    put(&config->writable[PCI_CONFIG_INTERRUPT_LINE], 0xff, 1);
    pci_config_reset(config);
}

void pci_config_set_bar(struct pci_config *config, uint32_t index, uint32_t base, uint32_t bytes)
{
    const uint32_t at = PCI_CONFIG_BAR0 + 4 * index;

    /* Bits below the size are zero forever: a driver that stores ones reads the size back (6.2.5.1). */
    put(&config->writable[at], ~(bytes - 1), 4);
    put(&config->initial[at], base, 4);
    config->bar_bytes[index] = bytes;
    pci_config_reset(config);
}

enum err pci_config_add_capability(struct pci_config *config, uint8_t id, const void *body,
                                   const void *writable, uint32_t bytes, uint32_t *offset)
{
    const uint32_t at = config->end;

    if (bytes > PCI_CONFIG_BYTES || at + CAPABILITY_HEADER_BYTES + bytes > PCI_CONFIG_BYTES) {
        return ERR_SPACE;
    }
    config->initial[config->link] = (uint8_t)at;
    config->initial[at] = id;
    memcpy(&config->initial[at + CAPABILITY_HEADER_BYTES], body, bytes);
    if (writable != NULL) {
        memcpy(&config->writable[at + CAPABILITY_HEADER_BYTES], writable, bytes);
    }
    put(&config->initial[PCI_CONFIG_STATUS], PCI_CONFIG_STATUS_CAPABILITIES, 2);
    config->link = (uint8_t)(at + 1);
    config->end =
        (uint16_t)((at + CAPABILITY_HEADER_BYTES + bytes + CAPABILITY_ALIGN - 1) & ~(CAPABILITY_ALIGN - 1));
    *offset = at;
    pci_config_reset(config);
    return ERR_OK;
}

void pci_config_reset(struct pci_config *config)
{
    memcpy(config->bytes, config->initial, sizeof config->bytes);
}

uint64_t pci_config_read(const struct pci_config *config, uint64_t offset, uint32_t bytes)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < bytes && i < sizeof value && offset < PCI_CONFIG_BYTES - i; i++) {
        value |= (uint64_t)config->bytes[offset + i] << (8 * i);
    }
    return value;
}

void pci_config_write(struct pci_config *config, uint64_t offset, uint64_t value, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes && i < sizeof value && offset < PCI_CONFIG_BYTES - i; i++) {
        const uint8_t mask = config->writable[offset + i];
        const uint8_t byte = (uint8_t)(value >> (8 * i));

        config->bytes[offset + i] = (uint8_t)((config->bytes[offset + i] & ~mask) | (byte & mask));
    }
}

uint32_t pci_config_bar(const struct pci_config *config, uint32_t index)
{
    return get(&config->bytes[PCI_CONFIG_BAR0 + 4 * index], 4);
}

bool pci_config_command_has(const struct pci_config *config, uint16_t bits)
{
    return (get(&config->bytes[PCI_CONFIG_COMMAND], 2) & bits) == bits;
}
