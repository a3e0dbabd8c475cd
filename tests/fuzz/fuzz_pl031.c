/* SPDX-License-Identifier: BSD-2-Clause */
/* Any access to the guest's clock, at any time, and any passing of time. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "microkit/host/microkit_host.h"
#include "tests/mock/fuzz_input.h"
#include "vmm/device/pl031.h"
#include "vmm/platform_fake.h"

#define SPI 34u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vgic vgic;

static void access_register(struct pl031 *clock, struct fuzz_input *input, uint8_t op)
{
    struct mmio_access access = {
        .offset = fuzz_input_u16(input) % 0x1008,
        .value = fuzz_input_u32(input),
        .width_bytes = 1u << (op & 3),
        .is_write = (op & 0x10) != 0,
    };

    if ((op & 0x20) != 0) {
        access.offset &= 0x1c;
        access.width_bytes = 4;
    }
    if (pl031_access(clock, &access) != MMIO_DONE) {
        abort();
    }
}

/* The line says what the registers say, and a time to wake up at is one to come. */
static void check(const struct pl031 *clock)
{
    if (clock->line->high != (clock->has_matched && clock->is_unmasked)) {
        abort();
    }
    if (pl031_due(clock) != PLATFORM_NEVER && pl031_due(clock) <= platform_fake.milliseconds) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct irq_line line = {.vgic = &vgic, .intid = SPI};
    const struct vmm_config config = {.timer_channel = 1};
    struct pl031 clock;

    platform_fake_reset();
    microkit_host_reset();
    if (vgic_init(&vgic, 1, 32) != ERR_OK) {
        abort();
    }
    pl031_init(&clock, &config, &line);
    while (input.bytes != 0) {
        const uint8_t op = fuzz_input_u8(&input);

        if (op < 0xc0) {
            access_register(&clock, &input, op);
        } else if (op < 0xf0) {
            platform_fake.milliseconds += fuzz_input_u16(&input);
            pl031_expire(&clock);
        } else {
            pl031_reset(&clock);
        }
        check(&clock);
    }
    return 0;
}
