/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a guest's devices lie: registers, interrupts and the PCI host bridge. */
#include "tool/expand/expand_guest.h"
#include "tool/model/guest_machine.h"

#define DEFAULT_VECTORS 2u /* as that of the attribute, for devices without an element */

struct vmm_device_config *expand_guest_device(struct expand *expand, struct expand_guest *guest,
                                              const struct node *node)
{
    if (guest->config.device_count == VMM_CONFIG_MAX_DEVICES) {
        diag_error(expand->diag, node->loc, "<%s>: a guest has at most %u devices", node->spec->name,
                   VMM_CONFIG_MAX_DEVICES);
        return NULL;
    }
    return &guest->config.devices[guest->config.device_count];
}

static void place_mmio(struct expand_guest *guest, struct vmm_device_config *device)
{
    size_t index = guest->fdt.virtio_count++;

    device->transport = VMM_TRANSPORT_MMIO;
    device->gpa = GUEST_MACHINE_VIRTIO_GPA + index * GUEST_MACHINE_VIRTIO_BYTES;
    device->bytes = GUEST_MACHINE_VIRTIO_BYTES;
    device->virq = GUEST_MACHINE_VIRTIO_INTID + (uint32_t)index;
    device->virq_edge = 1;
    guest->virtio[index] = (struct fdt_device){
        .window = {device->gpa, device->bytes}, .intid = device->virq, .edge = true, .dma_coherent = true};
}

/* The bridge, with the first device behind it. */
static void add_pci(struct expand_guest *guest)
{
    guest->config.pci = (struct vmm_pci_config){
        .ecam_gpa = GUEST_MACHINE_PCI_ECAM_GPA,
        .ecam_bytes = GUEST_MACHINE_PCI_ECAM_BYTES,
        .window_gpa = GUEST_MACHINE_PCI_WINDOW_GPA,
        .window_bytes = GUEST_MACHINE_PCI_WINDOW_BYTES,
        .msi_gpa = GUEST_MACHINE_MSI_GPA,
        .msi_bytes = GUEST_MACHINE_MSI_BYTES,
        .msi_first = GUEST_MACHINE_MSI_INTID,
    };
    guest->fdt.pci = (struct fdt_pci){
        .ecam = {GUEST_MACHINE_PCI_ECAM_GPA, GUEST_MACHINE_PCI_ECAM_BYTES},
        .window = {GUEST_MACHINE_PCI_WINDOW_GPA, GUEST_MACHINE_PCI_WINDOW_BYTES},
        .msi_frame = {GUEST_MACHINE_MSI_GPA, GUEST_MACHINE_MSI_BYTES},
        .msi_spi_first = GUEST_MACHINE_MSI_INTID,
        .msi_spi_count = 1, /* a frame has one at least */
    };
}

/* BARs lie in the order of slots from the start of the window: where Linux puts them, too. */
static void place_pci(struct expand_guest *guest, uint32_t vectors, struct vmm_device_config *device)
{
    if (guest->pci_count == 0) {
        add_pci(guest);
    }
    device->transport = VMM_TRANSPORT_PCI;
    device->gpa = GUEST_MACHINE_PCI_WINDOW_GPA + (uint64_t)guest->pci_count * VMM_CONFIG_PCI_BAR_BYTES;
    device->bytes = VMM_CONFIG_PCI_BAR_BYTES;
    device->vectors = vectors;
    guest->config.pci.msi_count += vectors;
    if (guest->config.pci.msi_count > 0) {
        guest->fdt.pci.msi_spi_count = guest->config.pci.msi_count;
    }
    guest->pci_count++;
}

uint32_t expand_guest_transport(const struct expand_guest *guest, const struct desc_transport *transport)
{
    if (transport != NULL && transport->kind != VMM_TRANSPORT_NONE) {
        return transport->kind;
    }
    return guest->desc->transport == VMM_TRANSPORT_PCI ? VMM_TRANSPORT_PCI : VMM_TRANSPORT_MMIO;
}

void expand_guest_place_virtio(struct expand_guest *guest, const struct desc_transport *transport,
                               struct vmm_device_config *device)
{
    if (expand_guest_transport(guest, transport) == VMM_TRANSPORT_PCI) {
        place_pci(guest, transport == NULL ? DEFAULT_VECTORS : (uint32_t)transport->vectors, device);
    } else {
        place_mmio(guest, device);
    }
    guest->config.device_count++;
}
