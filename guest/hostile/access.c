/* SPDX-License-Identifier: BSD-2-Clause */
#include "guest/hostile/hostile.h"

/* Inline assembly keeps each access one plain load or store of the width that was asked for, and zeroes the
   result first: an access that ends in an exception is skipped by the vector. */

uint64_t access_read(uint64_t address, uint32_t width_bytes)
{
    uint64_t value = 0;

    switch (width_bytes) {
    case 1:
        __asm__ volatile("ldrb %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
        break;
    case 2:
        __asm__ volatile("ldrh %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
        break;
    case 4:
        __asm__ volatile("ldr %w0, [%1]" : "+r"(value) : "r"(address) : "memory");
        break;
    default:
        __asm__ volatile("ldr %0, [%1]" : "+r"(value) : "r"(address) : "memory");
        break;
    }
    return value;
}

void access_write(uint64_t address, uint32_t width_bytes, uint64_t value)
{
    switch (width_bytes) {
    case 1:
        __asm__ volatile("strb %w0, [%1]" ::"r"(value), "r"(address) : "memory");
        break;
    case 2:
        __asm__ volatile("strh %w0, [%1]" ::"r"(value), "r"(address) : "memory");
        break;
    case 4:
        __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
        break;
    default:
        __asm__ volatile("str %0, [%1]" ::"r"(value), "r"(address) : "memory");
        break;
    }
}
