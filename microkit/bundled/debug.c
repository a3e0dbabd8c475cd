/* SPDX-License-Identifier: BSD-2-Clause */
/** Debug output of a PD through SYSCALL_DEBUG_WRITE: up to 48 bytes a call. The kernel keeps lines whole. */
#include <microkit.h>

#include "kernel/include/syscall.h"

#define WRITE_BYTES 48u

static void write_bytes(const char *bytes, uint64_t count)
{
    uint64_t words[6] = {0};

    for (uint64_t i = 0; i < count; i++) {
        words[i / 8] |= (uint64_t)(unsigned char)bytes[i] << (i % 8 * 8);
    }

    register uint64_t x0 __asm__("x0") = count;
    register uint64_t x1 __asm__("x1") = words[0];
    register uint64_t x2 __asm__("x2") = words[1];
    register uint64_t x3 __asm__("x3") = words[2];
    register uint64_t x4 __asm__("x4") = words[3];
    register uint64_t x5 __asm__("x5") = words[4];
    register uint64_t x6 __asm__("x6") = words[5];
    register uint64_t x7 __asm__("x7") = SYSCALL_DEBUG_WRITE;
    __asm__ volatile("svc #0"
                     : "+r"(x0), "+r"(x1), "+r"(x2)
                     : "r"(x3), "r"(x4), "r"(x5), "r"(x6), "r"(x7)
                     : "memory");
}

void microkit_dbg_putc(int c)
{
    char byte = (char)c;

    write_bytes(&byte, 1);
}

void microkit_dbg_puts(const char *s)
{
    while (*s != '\0') {
        uint64_t count = 0;

        while (count < WRITE_BYTES && s[count] != '\0') {
            count++;
        }
        write_bytes(s, count);
        s += count;
    }
}

void microkit_dbg_put8(seL4_Uint8 x)
{
    microkit_dbg_put32(x);
}

void microkit_dbg_put32(seL4_Uint32 x)
{
    char digits[11];
    unsigned int first = sizeof digits - 1;

    digits[first] = '\0';
    do {
        digits[--first] = (char)('0' + x % 10);
        x /= 10;
    } while (x != 0);
    microkit_dbg_puts(&digits[first]);
}
