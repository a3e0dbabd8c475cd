/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/mock/pci_machine.h"

#include <stdlib.h>

#include "vmm/platform_fake.h"

#define MSIX_TABLE_OFFSET 4u

void pci_machine_init(struct pci_machine *machine)
{
    platform_fake_reset();
    if (vgic_init(&machine->vgic, 2, 64) != ERR_OK) {
        abort();
    }
    machine->frame = (struct gicv2m){.vgic = &machine->vgic,
                                     .gpa = PCI_MACHINE_FRAME,
                                     .spi_first = PCI_MACHINE_SPI,
                                     .spi_count = PCI_MACHINE_SPIS};
    pci_host_init(&machine->host, PCI_MACHINE_WINDOW);
}

void pci_machine_add(struct pci_machine *machine, struct virtio_pci *pci, struct virtio_device *device,
                     uint32_t vectors)
{
    const struct vmm_device_config row = {.gpa = PCI_MACHINE_WINDOW +
                                                 (uint64_t)machine->host.count * VMM_CONFIG_PCI_BAR_BYTES,
                                          .vectors = vectors};

    if (virtio_pci_init(pci, device, &row, &machine->frame) != ERR_OK ||
        pci_host_add(&machine->host, &pci->function) != ERR_OK) {
        abort();
    }
    virtio_pci_reset(pci);
}

/* As a guest's store comes: no wider than it is. */
static uint64_t cut(uint64_t value, uint32_t bytes)
{
    return value & UINT64_MAX >> (64 - 8 * bytes);
}

static uint64_t run(mmio_handler *handler, struct pci_machine *machine, struct mmio_access *access)
{
    if (handler(&machine->host, access) != MMIO_DONE) {
        abort();
    }
    return access->value;
}

uint64_t pci_machine_config_read(struct pci_machine *machine, uint32_t slot, uint32_t offset, uint32_t bytes)
{
    struct mmio_access access = {.offset = (uint64_t)slot << 15 | offset, .width_bytes = bytes};

    return run(pci_host_access_config, machine, &access);
}

void pci_machine_config_write(struct pci_machine *machine, uint32_t slot, uint32_t offset, uint32_t bytes,
                              uint64_t value)
{
    struct mmio_access access = {.offset = (uint64_t)slot << 15 | offset,
                                 .value = cut(value, bytes),
                                 .width_bytes = bytes,
                                 .is_write = true};

    (void)run(pci_host_access_config, machine, &access);
}

uint64_t pci_machine_read(struct pci_machine *machine, uint64_t gpa, uint32_t bytes)
{
    struct mmio_access access = {.offset = gpa - PCI_MACHINE_WINDOW, .width_bytes = bytes};

    return run(pci_host_access_window, machine, &access);
}

void pci_machine_write(struct pci_machine *machine, uint64_t gpa, uint32_t bytes, uint64_t value)
{
    struct mmio_access access = {.offset = gpa - PCI_MACHINE_WINDOW,
                                 .value = cut(value, bytes),
                                 .width_bytes = bytes,
                                 .is_write = true};

    (void)run(pci_host_access_window, machine, &access);
}

/* The capability of `id`, and for the vendor's of `type`. */
static uint32_t find(struct pci_machine *machine, uint32_t slot, uint32_t id, uint32_t type)
{
    uint32_t at = (uint32_t)pci_machine_config_read(machine, slot, PCI_CONFIG_CAPABILITIES, 1);

    for (uint32_t steps = 0; at != 0 && steps < PCI_CONFIG_BYTES / 4; steps++) {
        if (pci_machine_config_read(machine, slot, at, 1) == id &&
            (id != PCI_CONFIG_CAPABILITY_VENDOR ||
             pci_machine_config_read(machine, slot, at + VIRTIO_PCI_CAP_TYPE, 1) == type)) {
            return at;
        }
        at = (uint32_t)pci_machine_config_read(machine, slot, at + 1, 1);
    }
    return PCI_MACHINE_NONE;
}

uint32_t pci_machine_find(struct pci_machine *machine, uint32_t slot, uint32_t type)
{
    return find(machine, slot, PCI_CONFIG_CAPABILITY_VENDOR, type);
}

uint32_t pci_machine_find_msix(struct pci_machine *machine, uint32_t slot)
{
    return find(machine, slot, PCI_CONFIG_CAPABILITY_MSIX, 0);
}

static uint64_t bar(struct pci_machine *machine, uint32_t slot)
{
    return pci_machine_config_read(machine, slot, PCI_CONFIG_BAR0, 4);
}

uint64_t pci_machine_structure(struct pci_machine *machine, uint32_t slot, uint32_t type)
{
    const uint32_t at = pci_machine_find(machine, slot, type);

    if (at == PCI_MACHINE_NONE || pci_machine_config_read(machine, slot, at + VIRTIO_PCI_CAP_BAR, 1) != 0) {
        return PCI_MACHINE_NONE;
    }
    return bar(machine, slot) + pci_machine_config_read(machine, slot, at + VIRTIO_PCI_CAP_OFFSET, 4);
}

void pci_machine_enable(struct pci_machine *machine, uint32_t slot, uint32_t first, uint32_t vectors)
{
    const uint32_t msix = pci_machine_find_msix(machine, slot);
    const uint64_t table =
        bar(machine, slot) + pci_machine_config_read(machine, slot, msix + MSIX_TABLE_OFFSET, 4);

    pci_machine_config_write(machine, slot, PCI_CONFIG_COMMAND, 2,
                             PCI_CONFIG_COMMAND_MEMORY | PCI_CONFIG_COMMAND_MASTER);
    for (uint32_t i = 0; i < vectors; i++) {
        const uint64_t entry = table + (uint64_t)i * MSIX_ENTRY_BYTES;
        pci_machine_write(machine, entry, 4, PCI_MACHINE_FRAME + GICV2M_SETSPI_NS);
        pci_machine_write(machine, entry + 4, 4, 0);
        pci_machine_write(machine, entry + 8, 4, PCI_MACHINE_SPI + first + i);
        pci_machine_write(machine, entry + 12, 4, 0);
    }
    pci_machine_config_write(machine, slot, msix + 2, 2, MSIX_CONTROL_ENABLE);
}

static void add_queue(struct pci_machine *machine, uint64_t common, uint32_t index,
                      const struct driver_queue *queue)
{
    const uint64_t parts[] = {queue->desc, queue->avail, queue->used};

    pci_machine_write(machine, common + VIRTIO_PCI_QUEUE_SELECT, 2, index);
    pci_machine_write(machine, common + VIRTIO_PCI_QUEUE_SIZE, 2, queue->size);
    for (uint32_t i = 0; i < 3; i++) {
        pci_machine_write(machine, common + VIRTIO_PCI_QUEUE_DESC + 8 * i, 4, (uint32_t)parts[i]);
        pci_machine_write(machine, common + VIRTIO_PCI_QUEUE_DESC + 8 * i + 4, 4, parts[i] >> 32);
    }
    pci_machine_write(machine, common + VIRTIO_PCI_QUEUE_MSIX_VECTOR, 2, index + 1);
    pci_machine_write(machine, common + VIRTIO_PCI_QUEUE_ENABLE, 2, 1);
}

bool pci_machine_start(struct pci_machine *machine, uint32_t slot, uint64_t features,
                       const struct driver_queue *queues, uint32_t count)
{
    const uint64_t common = pci_machine_structure(machine, slot, VIRTIO_PCI_CAP_COMMON_CFG);
    uint8_t status = VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER;

    pci_machine_write(machine, common + VIRTIO_PCI_DEVICE_STATUS, 1, 0);
    pci_machine_write(machine, common + VIRTIO_PCI_CONFIG_MSIX_VECTOR, 2, 0);
    pci_machine_write(machine, common + VIRTIO_PCI_DEVICE_STATUS, 1, status);
    for (uint32_t i = 0; i < 2; i++) {
        pci_machine_write(machine, common + VIRTIO_PCI_DRIVER_FEATURE_SELECT, 4, i);
        pci_machine_write(machine, common + VIRTIO_PCI_DRIVER_FEATURE, 4, (uint32_t)(features >> (32 * i)));
    }
    status |= VIRTIO_STATUS_FEATURES_OK;
    pci_machine_write(machine, common + VIRTIO_PCI_DEVICE_STATUS, 1, status);
    if (pci_machine_read(machine, common + VIRTIO_PCI_DEVICE_STATUS, 1) != status) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        add_queue(machine, common, i, &queues[i]);
    }
    status |= VIRTIO_STATUS_DRIVER_OK;
    pci_machine_write(machine, common + VIRTIO_PCI_DEVICE_STATUS, 1, status);
    return pci_machine_read(machine, common + VIRTIO_PCI_DEVICE_STATUS, 1) == status;
}
