/* SPDX-License-Identifier: BSD-2-Clause */
/* Any store to the flash: in read-array mode it shows what has been programmed, whatever came before. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/mock/fuzz_input.h"
#include "vmm/device/flash.h"

#define BYTES (2 * FLASH_BLOCK_BYTES)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t memory[BYTES / 4 + 1];
static struct flash flash;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t commands[] = {0x40, 0x20, 0x50, 0x60, 0x70, 0x90,
                                       0x98, 0xd0, 0xe8, 0xff, 0x00, 0x01};
    const struct vmm_device_config config = {.registers = (uint64_t)(uintptr_t)memory, .bytes = BYTES};
    struct fuzz_input input = {data, size};

    memset(memory, 0xff, sizeof memory);
    memset(&flash, 0, sizeof flash);
    if (flash_init(&flash, &config) != ERR_OK) {
        abort();
    }
    while (input.bytes != 0) {
        const uint8_t op = fuzz_input_u8(&input);
        struct mmio_access access = {.offset = fuzz_input_u32(&input) % BYTES,
                                     .width_bytes = 1u << (op & 3),
                                     .is_write = (op & 4) == 0};

        access.value = (op & 8) != 0 ? fuzz_input_u32(&input) : commands[(op >> 4) % sizeof commands];
        if (flash_access(&flash, &access) != MMIO_DONE || flash.shown_count > FLASH_MAX_SHOWN ||
            flash.buffer_count > FLASH_BUFFER_WORDS) {
            abort();
        }
    }
    flash_reset(&flash);
    if (flash.shown_count != 0 || memory[BYTES / 4] != UINT32_MAX) {
        abort();
    }
    return 0;
}
