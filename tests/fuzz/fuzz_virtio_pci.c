/* SPDX-License-Identifier: BSD-2-Clause */
/* Any access to configuration spaces, BARs and the MSI frame, in any order, by a driver that means harm. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/mock/driver.h"
#include "tests/mock/fuzz_device.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "tests/mock/pci_machine.h"
#include "vmm/platform_fake.h"

#define BASE 0x40000000ull
#define BYTES 0x4000ull
#define DEVICES 2u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct pci_machine machine;
static struct fuzz_device devices[DEVICES];
static struct virtio_pci functions[DEVICES];

static void access_something(struct fuzz_input *input, uint8_t op)
{
    struct mmio_access access = {
        .offset = fuzz_input_u16(input),
        .value = fuzz_input_u32(input),
        .width_bytes = 1u << (op & 3),
        .is_write = (op & 4) != 0,
    };
    enum mmio_result result;

    if ((op & 0x10) != 0) { /* likely to be an address */
        access.value = BASE + (access.value & 0x3ffc);
    }
    access.value &= UINT64_MAX >> (64 - 8 * access.width_bytes);
    if ((op & 0x60) == 0) {
        access.offset &= 0xfff;
        result = gicv2m_access(&machine.frame, &access);
    } else if ((op & 0x60) == 0x20) {
        result = pci_host_access_config(&machine.host, &access);
    } else {
        result = pci_host_access_window(&machine.host, &access);
    }
    if (result != MMIO_DONE || (access.width_bytes < 8 && access.value >> (8 * access.width_bytes) != 0)) {
        abort();
    }
}

/* What is masked or off has no route; what has a route goes where the table says, and nobody is interrupted
   but through the frame's own SPIs. */
static void check_routes(void)
{
    for (uint32_t i = 0; i < DEVICES; i++) {
        for (uint32_t queue = 0; queue < FUZZ_DEVICE_QUEUES; queue++) {
            const struct virtio_pci *pci = &functions[i];
            const uint32_t intid = devices[i].routes[queue];
            if (intid != msix_spi(&pci->msix, pci->queue_vectors[queue]) ||
                devices[i].route_vcpus[queue] > 1 ||
                (intid != 0 && (intid < PCI_MACHINE_SPI || intid >= PCI_MACHINE_SPI + PCI_MACHINE_SPIS))) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct driver_ram ram;

    log_record_clear();
    driver_ram_init(&ram, BASE, BYTES);
    pci_machine_init(&machine);
    for (uint32_t i = 0; i < DEVICES; i++) {
        fuzz_device_init(&devices[i], &ram.mem);
        pci_machine_add(&machine, &functions[i], &devices[i].virtio, 2 + i);
        pci_machine_enable(&machine, i, 4 * i, 2 + i); /* else it takes long to get that far */
    }
    while (input.bytes > 0) {
        const uint8_t op = fuzz_input_u8(&input);
        if (op < 240) {
            access_something(&input, op);
        } else {
            ram.mem.host[fuzz_input_u16(&input) % BYTES] = fuzz_input_u8(&input);
        }
        check_routes();
    }
    for (uint32_t i = 0; i < DEVICES; i++) {
        virtio_pci_reset(&functions[i]);
    }
    check_routes();
    driver_ram_free(&ram);
    return 0;
}
