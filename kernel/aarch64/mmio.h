/* SPDX-License-Identifier: BSD-2-Clause */
/** Device registers: accesses of 32 and 64 bits, ordered by the Device-nGnRE mapping. */
#pragma once

#include <stdint.h>

/** Read the register at `address`. */
static inline uint32_t mmio_read(uint64_t address)
{
    return *(const volatile uint32_t *)(uintptr_t)address;
}

/** Write the byte at `address`, of a register that allows that. */
static inline void mmio_write8(uint64_t address, uint8_t value)
{
    *(volatile uint8_t *)(uintptr_t)address = value;
}

/** Write the register at `address`. */
static inline void mmio_write(uint64_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}

/** Read the 64-bit register at `address`. */
static inline uint64_t mmio_read64(uint64_t address)
{
    return *(const volatile uint64_t *)(uintptr_t)address;
}

/** Write the 64-bit register at `address`. */
static inline void mmio_write64(uint64_t address, uint64_t value)
{
    *(volatile uint64_t *)(uintptr_t)address = value;
}
