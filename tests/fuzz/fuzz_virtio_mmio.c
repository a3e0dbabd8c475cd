/* SPDX-License-Identifier: BSD-2-Clause */
/* Any register access in any order: the status state machine, negotiation, queues and config space. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/driver.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "vmm/platform_fake.h"
#include "vmm/virtio/virtio_mmio.h"

#define BASE 0x40000000ull
#define BYTES 0x4000ull
#define QUEUES 3u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A device that pops and pushes whatever is there, and checks what the transport promises it. */
struct device {
    struct virtio_device virtio;
    uint8_t config[24];
    bool started;
};

static struct virtq_chain chain;

static void start(void *context)
{
    struct device *device = context;

    if (device->started || !virtio_device_is_running(&device->virtio) ||
        !virtio_device_has(&device->virtio, VIRTIO_F_VERSION_1)) {
        abort();
    }
    device->started = true;
}

static void reset(void *context)
{
    struct device *device = context;

    device->started = false;
    for (uint16_t i = 0; i < QUEUES; i++) {
        if (virtio_device_queue_is_enabled(&device->virtio, i)) {
            abort();
        }
    }
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
    struct device *device = context;

    memcpy(device->config + offset, from, bytes); /* ASan checks the bounds */
}

static const struct virtio_device_ops ops = {
    .start = start, .reset = reset, .kick = kick, .config_write = config_write};

static void access_register(struct virtio_mmio *mmio, struct fuzz_input *input, uint8_t op)
{
    struct mmio_access access = {
        .offset = fuzz_input_u16(input) & 0x1ff,
        .value = fuzz_input_u32(input),
        .width_bytes = 1u << (op & 3),
        .is_write = (op & 4) != 0,
    };

    if ((op & 8) != 0) {
        access.offset &= 0xfc;
        access.width_bytes = 4;
    }
    if ((op & 0x10) != 0) { /* likely to be an address */
        access.value = BASE + (access.value & 0x3ffc);
    }
    if (virtio_mmio_access(mmio, &access) != MMIO_DONE) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct vgic vgic;
    struct fuzz_input input = {data, size};
    struct device device = {0};
    struct irq_line line = {.vgic = &vgic, .intid = 40, .edge = size % 2 == 1};
    struct virtio_mmio mmio;
    struct driver_ram ram;

    platform_fake_reset();
    log_record_clear();
    driver_ram_init(&ram, BASE, BYTES);
    const struct virtio_device_setup setup = {
        .name = "fuzz",
        .id = 1,
        .ops = &ops,
        .context = &device,
        .mem = &ram.mem,
        .features = 0x30000001,
        .config = device.config,
        .config_bytes = sizeof device.config,
        .queue_count = QUEUES,
        .queue_size = 64,
    };
    if (vgic_init(&vgic, 1, 32) != ERR_OK || virtio_device_init(&device.virtio, &setup) != ERR_OK) {
        abort();
    }
    virtio_mmio_init(&mmio, &device.virtio, &line, NULL);
    virtio_mmio_reset(&mmio);
    while (input.bytes > 0) {
        const uint8_t op = fuzz_input_u8(&input);
        if (op < 224) {
            access_register(&mmio, &input, op);
        } else {
            ram.mem.host[fuzz_input_u16(&input) % BYTES] = fuzz_input_u8(&input);
        }
        if (line.high != (mmio.interrupt_status != 0)) {
            abort();
        }
    }
    driver_ram_free(&ram);
    return 0;
}
