/* SPDX-License-Identifier: BSD-2-Clause */
/** Device registers: 32-bit accesses, ordered by the Device-nGnRE mapping. */
#pragma once

#include <stdint.h>

/** Read the register at `address`. */
static inline uint32_t mmio_read(uint64_t address)
{
    return *(const volatile uint32_t *)(uintptr_t)address;
}

/** Write the register at `address`. */
static inline void mmio_write(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}
