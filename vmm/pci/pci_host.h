/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A generic PCI host bridge: one bus whose configuration spaces lie in a window (ECAM, PCI Express 7.2.2),
 * and a window of memory in which the functions' BARs are decoded. No INTx: functions interrupt by MSI-X
 * only.
 *
 * A function is a device of its own slot. Where nobody answers, loads give all ones and stores are dropped,
 * as on a real bus.
 */
#pragma once

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/config/vmm_config.h"
#include "vmm/bus/mmio.h"
#include "vmm/pci/pci_config.h"

#define PCI_HOST_SLOTS 32u

/** What a function does. */
struct pci_function_ops {
    /** An access to the configuration space; offset and width lie in it. */
    void (*access_config)(void *context, struct mmio_access *access);
    /** An access to BAR 0, of the offset from its start; it lies in it. */
    void (*access_bar)(void *context, struct mmio_access *access);
};

/** One function. */
struct pci_function {
    struct pci_config config;
    const struct pci_function_ops *ops;
    void *context;
};

/** One bridge. */
struct pci_host {
    struct pci_function *slots[PCI_HOST_SLOTS];
    uint32_t count;
    uint64_t window_gpa;
};

/** An empty bus whose BARs are decoded from `window_gpa` on. */
void pci_host_init(struct pci_host *host, uint64_t window_gpa);

/** Put a function into the next slot; it must outlive the bridge. ERR_SPACE: no slot is free. */
ERR_CHECKED enum err pci_host_add(struct pci_host *host, struct pci_function *function);

/** mmio_handler of the ECAM window; `context` is a struct pci_host. */
enum mmio_result pci_host_access_config(void *context, struct mmio_access *access);

/** mmio_handler of the window for BARs; `context` is a struct pci_host. */
enum mmio_result pci_host_access_window(void *context, struct mmio_access *access);
