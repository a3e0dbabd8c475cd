/* SPDX-License-Identifier: BSD-2-Clause */
/* Any register access in any order: the status state machine, negotiation, queues and config space. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/mock/driver.h"
#include "tests/mock/fuzz_device.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "vmm/platform_fake.h"
#include "vmm/virtio/virtio_mmio.h"

#define BASE 0x40000000ull
#define BYTES 0x4000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    struct fuzz_device device;
    struct irq_line line = {.vgic = &vgic, .intid = 40, .edge = size % 2 == 1};
    struct virtio_mmio mmio;
    struct driver_ram ram;

    platform_fake_reset();
    log_record_clear();
    driver_ram_init(&ram, BASE, BYTES);
    fuzz_device_init(&device, &ram.mem);
    if (vgic_init(&vgic, 1, 32) != ERR_OK) {
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
