/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A machine with a PCI host bridge, for unit tests and fuzzers: devices behind virtio-pci functions whose
 * registers are reached as a guest reaches them, through the windows of the bridge.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/mock/driver.h"
#include "vmm/pci/pci_host.h"
#include "vmm/vgic/gicv2m.h"
#include "vmm/virtio/virtio_pci.h"

#define PCI_MACHINE_WINDOW 0x10000000ull
#define PCI_MACHINE_FRAME 0x08020000ull
#define PCI_MACHINE_SPI 64u
#define PCI_MACHINE_SPIS 16u
/** What the fields of a capability walk are when it finds nothing. */
#define PCI_MACHINE_NONE UINT32_MAX

/** Bridge, distributor and MSI frame; slots are filled by the test. */
struct pci_machine {
    struct vgic vgic;
    struct gicv2m frame;
    struct pci_host host;
};

/** An empty bus, and the platform as after power-on. */
void pci_machine_init(struct pci_machine *machine);

/** Add a function for `device` in the next slot with `vectors` MSI-X vectors. */
void pci_machine_add(struct pci_machine *machine, struct virtio_pci *pci, struct virtio_device *device,
                     uint32_t vectors);

/** Configuration space of function 0 in `slot`. */
uint64_t pci_machine_config_read(struct pci_machine *machine, uint32_t slot, uint32_t offset, uint32_t bytes);
void pci_machine_config_write(struct pci_machine *machine, uint32_t slot, uint32_t offset, uint32_t bytes,
                              uint64_t value);

/** Guest-physical addresses inside the window for BARs. */
uint64_t pci_machine_read(struct pci_machine *machine, uint64_t gpa, uint32_t bytes);
void pci_machine_write(struct pci_machine *machine, uint64_t gpa, uint32_t bytes, uint64_t value);

/** Offset of the virtio capability of `type`, walking the list, or PCI_MACHINE_NONE. */
uint32_t pci_machine_find(struct pci_machine *machine, uint32_t slot, uint32_t type);

/** Where the structure of that capability is: BAR and offset resolved; PCI_MACHINE_NONE: there is none. */
uint64_t pci_machine_structure(struct pci_machine *machine, uint32_t slot, uint32_t type);

/** Offset of the MSI-X capability, or PCI_MACHINE_NONE. */
uint32_t pci_machine_find_msix(struct pci_machine *machine, uint32_t slot);

/** Turn on memory, bus master and MSI-X; vector n goes to SPI PCI_MACHINE_SPI + `first` + n, unmasked. */
void pci_machine_enable(struct pci_machine *machine, uint32_t slot, uint32_t first, uint32_t vectors);

/** Bring the device up with `features` and `count` queues, queue n on vector n + 1; changes on vector 0. */
bool pci_machine_start(struct pci_machine *machine, uint32_t slot, uint64_t features,
                       const struct driver_queue *queues, uint32_t count);
