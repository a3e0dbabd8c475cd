/* SPDX-License-Identifier: BSD-2-Clause */
/* Any access to the watchdog, at any time, and any passing of time. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "microkit/host/microkit_host.h"
#include "tests/mock/fuzz_input.h"
#include "vmm/device/watchdog.h"
#include "vmm/platform_fake.h"

#define SPI 44u
#define LIMIT_MS 4000u
#define BOOT_MS 30000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vgic vgic;

static void access_register(struct watchdog *watchdog, struct fuzz_input *input, uint8_t op)
{
    struct mmio_access access = {
        .offset = fuzz_input_u16(input) % (WATCHDOG_WINDOW_BYTES + 8),
        .value = fuzz_input_u32(input),
        .width_bytes = 1u << (op & 3),
        .is_write = (op & 0x10) != 0,
    };

    if ((op & 0x20) != 0) {
        access.offset &= WATCHDOG_FRAME_BYTES | 0x1c;
        access.width_bytes = 4;
    }
    if (watchdog_access(watchdog, &access) != MMIO_DONE) {
        abort();
    }
}

/* However its guest sets it, it never waits longer than the description says. */
static void check(const struct watchdog *watchdog)
{
    const uint64_t now = platform_fake.milliseconds;
    const uint64_t limit = watchdog->guest_has_begun ? LIMIT_MS : BOOT_MS;

    if (watchdog->end_at != PLATFORM_NEVER && watchdog->end_at > now + limit) {
        abort();
    }
    if (((watchdog->status & WATCHDOG_EN) != 0) != (watchdog->end_at != PLATFORM_NEVER)) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct watchdog watchdog;
    struct irq_line line = {.vgic = &vgic, .intid = SPI};
    const struct vmm_device_config config = {.u.watchdog = {.limit_ms = LIMIT_MS, .boot_ms = BOOT_MS}};

    platform_fake_reset();
    microkit_host_reset();
    if (vgic_init(&vgic, 1, 32) != ERR_OK) {
        abort();
    }
    watchdog_init(&watchdog, &config, &line);
    watchdog_start(&watchdog);
    while (input.bytes != 0) {
        const uint8_t op = fuzz_input_u8(&input);

        if (op < 0xc0) {
            access_register(&watchdog, &input, op);
        } else if (op < 0xf0) {
            platform_fake.milliseconds += fuzz_input_u16(&input);
            if (watchdog_due(&watchdog) <= platform_fake.milliseconds) {
                (void)watchdog_expire(&watchdog);
            }
        } else {
            watchdog_stop(&watchdog);
            watchdog_start(&watchdog);
        }
        check(&watchdog);
    }
    return 0;
}
