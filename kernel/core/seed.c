/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/seed.h"

#include "lib/fdt/fdt_view.h"

uint32_t seed_find(const void *fdt, uint64_t limit_bytes, uint8_t seed[SEED_MAX_BYTES])
{
    const uint32_t limit = limit_bytes < UINT32_MAX ? (uint32_t)limit_bytes : UINT32_MAX;
    const uint8_t *value;
    uint32_t bytes;

    if (fdt_view_property(fdt, limit, "/chosen", "rng-seed", &value, &bytes) != ERR_OK) {
        return 0;
    }
    bytes = bytes < SEED_MAX_BYTES ? bytes : SEED_MAX_BYTES;
    /* Volatile: a copy in words might not be aligned, and with the MMU off memory is of device type. */
    for (uint32_t i = 0; i < bytes; i++) {
        seed[i] = ((const volatile uint8_t *)value)[i];
    }
    return bytes;
}
