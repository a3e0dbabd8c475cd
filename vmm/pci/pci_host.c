/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/pci/pci_host.h"

#include <stddef.h>

/* ECAM: bus, device, function and register of an offset (PCI Express, table 7-1). */
#define DEVFN_SHIFT 12
#define FUNCTIONS 8u
#define REGISTER_MASK 0xfffu

void pci_host_init(struct pci_host *host, uint64_t window_gpa)
{
    *host = (struct pci_host){.window_gpa = window_gpa};
}

enum err pci_host_add(struct pci_host *host, struct pci_function *function)
{
    if (host->count == PCI_HOST_SLOTS) {
        return ERR_SPACE;
    }
    host->slots[host->count++] = function;
    return ERR_OK;
}

static enum mmio_result nobody(struct mmio_access *access)
{
    if (!access->is_write) {
        access->value = UINT64_MAX >> (64 - 8 * access->width_bytes);
    }
    return MMIO_DONE;
}

enum mmio_result pci_host_access_config(void *context, struct mmio_access *access)
{
    struct pci_host *host = context;
    const uint64_t devfn = access->offset >> DEVFN_SHIFT;

    /* Function 0 of a device on bus 0; there are no others. */
    if (devfn % FUNCTIONS != 0 || devfn / FUNCTIONS >= host->count) {
        return nobody(access);
    }
    struct pci_function *function = host->slots[devfn / FUNCTIONS];
    access->offset &= REGISTER_MASK;
    if (access->offset > PCI_CONFIG_BYTES - access->width_bytes) {
        access->value = 0; /* no extended configuration space (PCI Express 7.9.1) */
        return MMIO_DONE;
    }
    function->ops->access_config(function->context, access);
    return MMIO_DONE;
}

/* Whether the function's BAR 0 is decoded at `gpa`, all `bytes` of it. */
static bool decodes(const struct pci_function *function, uint64_t gpa, uint32_t bytes)
{
    const uint64_t base = pci_config_bar(&function->config, 0);
    const uint64_t size = function->config.bar_bytes[0];

    return pci_config_command_has(&function->config, PCI_CONFIG_COMMAND_MEMORY) && gpa >= base &&
           gpa - base < size && bytes <= size - (gpa - base);
}

enum mmio_result pci_host_access_window(void *context, struct mmio_access *access)
{
    struct pci_host *host = context;
    const uint64_t gpa = host->window_gpa + access->offset;

    for (uint32_t i = 0; i < host->count; i++) {
        struct pci_function *function = host->slots[i];
        if (decodes(function, gpa, access->width_bytes)) {
            access->offset = gpa - pci_config_bar(&function->config, 0);
            function->ops->access_bar(function->context, access);
            return MMIO_DONE;
        }
    }
    return nobody(access);
}
