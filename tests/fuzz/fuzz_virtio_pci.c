/* SPDX-License-Identifier: BSD-2-Clause */
/* Any access to configuration spaces, BARs and the MSI frame, in any order, by a driver that means harm. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/driver.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "tests/mock/pci_machine.h"
#include "vmm/platform_fake.h"

#define BASE 0x40000000ull
#define BYTES 0x4000ull
#define QUEUES 3u
#define DEVICES 2u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A device that pops and pushes whatever is there, and checks what the transport promises it. */
struct device {
    struct virtio_device virtio;
    struct virtio_pci pci;
    uint8_t config[24];
    bool started;
    uint32_t routes[QUEUES];
};

static struct pci_machine machine;
static struct device devices[DEVICES];
static struct virtq_chain chain;

static void start(void *context)
{
    struct device *device = context;

    if (device->started || !virtio_device_is_running(&device->virtio)) {
        abort();
    }
    device->started = true;
}

static void reset(void *context)
{
    ((struct device *)context)->started = false;
}

static void kick(void *context, uint16_t index)
{
    struct device *device = context;
    enum err err;

    if (!device->started || index >= QUEUES) {
        abort();
    }
    struct virtq *vq = &device->virtio.queues[index];
    while ((err = virtq_pop(vq, &chain)) == ERR_OK) {
        virtq_add_used(vq, chain.head, 0);
    }
    if (err != ERR_EMPTY) {
        virtio_device_fail(&device->virtio, "queue", err);
    }
    virtio_device_publish(&device->virtio, index);
}

static void config_write(void *context, uint32_t offset, const void *from, uint32_t bytes)
{
    memcpy(((struct device *)context)->config + offset, from, bytes); /* ASan checks the bounds */
}

static void queue_routed(void *context, uint16_t index, uint32_t vcpu, uint32_t intid)
{
    /* Nobody may be interrupted but through the frame's own SPIs. */
    if (index >= QUEUES || vcpu > 1 ||
        (intid != 0 && (intid < PCI_MACHINE_SPI || intid >= PCI_MACHINE_SPI + PCI_MACHINE_SPIS))) {
        abort();
    }
    ((struct device *)context)->routes[index] = intid;
}

static const struct virtio_device_ops ops = {
    .start = start, .reset = reset, .kick = kick, .queue_routed = queue_routed, .config_write = config_write};

static void add(uint32_t index, struct driver_ram *ram)
{
    struct device *device = &devices[index];
    const struct virtio_device_setup setup = {
        .name = "fuzz",
        .id = 1,
        .ops = &ops,
        .context = device,
        .mem = &ram->mem,
        .features = 0x30000001,
        .config = device->config,
        .config_bytes = sizeof device->config,
        .queue_count = QUEUES,
        .queue_size = 64,
    };

    *device = (struct device){0};
    if (virtio_device_init(&device->virtio, &setup) != ERR_OK) {
        abort();
    }
    pci_machine_add(&machine, &device->pci, &device->virtio, 2 + index);
}

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

/* What is masked or off has no route; what has a route goes where the table says. */
static void check_routes(void)
{
    for (uint32_t i = 0; i < DEVICES; i++) {
        for (uint32_t queue = 0; queue < QUEUES; queue++) {
            const struct virtio_pci *pci = &devices[i].pci;
            if (devices[i].routes[queue] != msix_spi(&pci->msix, pci->queue_vectors[queue])) {
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
        add(i, &ram);
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
        virtio_pci_reset(&devices[i].pci);
    }
    check_routes();
    driver_ram_free(&ram);
    return 0;
}
