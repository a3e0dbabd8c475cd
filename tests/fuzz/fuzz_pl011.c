/* SPDX-License-Identifier: BSD-2-Clause */
/* Any access to the UART, any input, and a multiplexer that publishes nonsense. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "microkit/host/microkit_host.h"
#include "tests/mock/fuzz_input.h"
#include "tests/mock/log_record.h"
#include "vmm/device/pl011.h"
#include "vmm/platform_fake.h"

#define LINK_BYTES 4224u
#define SPI 33u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vgic vgic;
static _Alignas(64) uint8_t regions[2][LINK_BYTES];

static void access_register(struct pl011 *uart, struct fuzz_input *input, uint8_t op)
{
    struct mmio_access access = {
        .offset = (op & 0x20) != 0 ? fuzz_input_u16(input) : (fuzz_input_u8(input) & 0x4cu),
        .value = fuzz_input_u32(input),
        .width_bytes = 1u << (op & 3),
        .is_write = (op & 0x10) != 0,
    };

    if (pl011_access(uart, &access) != MMIO_DONE) {
        abort();
    }
}

static void step(struct pl011 *uart, struct ring *mux, struct fuzz_input *input)
{
    const uint8_t op = fuzz_input_u8(input);
    uint8_t bytes[64] = {0};

    switch (op >> 6) {
    case 0:
    case 1:
        access_register(uart, input, op);
        break;
    case 2:
        (void)ring_write(mux, bytes, op & 63);
        (void)ring_read(mux, bytes, fuzz_input_u8(input) & 63);
        pl011_notified(uart);
        break;
    default:
        if ((op & 0x30) == 0) {
            regions[1][fuzz_input_u8(input) & 127] = fuzz_input_u8(input);
        } else if ((op & 0x3f) == 0x3f) {
            pl011_reset(uart);
        }
        pl011_notified(uart);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input input = {data, size};
    struct irq_line line = {.vgic = &vgic, .intid = SPI};
    const struct vmm_device_config config = {
        .link = {(uint64_t)(uintptr_t)regions[0], (uint64_t)(uintptr_t)regions[1], LINK_BYTES, 1}};
    struct pl011 uart;
    struct ring mux;

    platform_fake_reset();
    microkit_host_reset();
    log_record_clear();
    memset(regions, 0, sizeof regions);
    if (vgic_init(&vgic, 1, 32) != ERR_OK || pl011_init(&uart, &config, &line, NULL) != ERR_OK ||
        ring_init(&mux, regions[1], regions[0], LINK_BYTES) != ERR_OK) {
        abort();
    }
    while (input.bytes > 0) {
        step(&uart, &mux, &input);
        if (uart.fifo_count > PL011_FIFO_BYTES || line.high != ((uart.raw & uart.imsc) != 0)) {
            abort();
        }
    }
    return 0;
}
