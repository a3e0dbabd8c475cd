/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compares memcpy() with the tightest loops of 16 and 64 bytes a turn. A PD of its own; under -icount shift=0
 * a tick of the 62.5 MHz counter is 16 instructions, so each copy is done many times.
 */
#include <microkit.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/clock.h"
#include "lib/base/format.h"
#include "lib/base/mem.h"

#define AREA_BYTES 65600u
#define ROUNDS 256u
#define INSTRUCTIONS_PER_TICK 16u

typedef void copy(uint8_t *to, const uint8_t *from, size_t bytes);

static uint8_t source[AREA_BYTES] __attribute__((aligned(64)));
static uint8_t target[AREA_BYTES] __attribute__((aligned(64)));

static void by_memcpy(uint8_t *to, const uint8_t *from, size_t bytes)
{
    memcpy(to, from, bytes);
}

/* `bytes` is a multiple of 16, and not 0. */
static void by_16(uint8_t *to, const uint8_t *from, size_t bytes)
{
    uint64_t a, b;

    __asm__ volatile("1: ldp %0, %1, [%3], #16\n"
                     "   stp %0, %1, [%2], #16\n"
                     "   subs %4, %4, #16\n"
                     "   b.ne 1b\n"
                     : "=&r"(a), "=&r"(b), "+r"(to), "+r"(from), "+r"(bytes)
                     :
                     : "memory", "cc");
}

/* `bytes` is a multiple of 64, and not 0. */
static void by_64(uint8_t *to, const uint8_t *from, size_t bytes)
{
    uint64_t a, b, c, d, e, f, g, h;

    __asm__ volatile("1: ldp %0, %1, [%9]\n"
                     "   ldp %2, %3, [%9, #16]\n"
                     "   ldp %4, %5, [%9, #32]\n"
                     "   ldp %6, %7, [%9, #48]\n"
                     "   add %9, %9, #64\n"
                     "   stp %0, %1, [%8]\n"
                     "   stp %2, %3, [%8, #16]\n"
                     "   stp %4, %5, [%8, #32]\n"
                     "   stp %6, %7, [%8, #48]\n"
                     "   add %8, %8, #64\n"
                     "   subs %10, %10, #64\n"
                     "   b.ne 1b\n"
                     : "=&r"(a), "=&r"(b), "=&r"(c), "=&r"(d), "=&r"(e), "=&r"(f), "=&r"(g), "=&r"(h),
                       "+r"(to), "+r"(from), "+r"(bytes)
                     :
                     : "memory", "cc");
}

static uint64_t measure(copy *function, size_t bytes)
{
    const uint64_t start = clock_ticks();

    for (uint32_t i = 0; i < ROUNDS; i++) {
        function(target, source, bytes);
    }
    return (clock_ticks() - start) * INSTRUCTIONS_PER_TICK / ROUNDS;
}

void init(void)
{
    static const size_t sizes[] = {64, 106, 128, 512, 1514, 1536, 9014, 16384, 65536};
    char line[96];

    microkit_dbg_puts("copy: bytes memcpy by16 by64, in instructions\n");
    for (unsigned int i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        const size_t bytes = sizes[i];
        const uint64_t by16 = measure(by_16, (bytes + 15) & ~(size_t)15);
        const uint64_t by64 = measure(by_64, (bytes + 63) & ~(size_t)63);

        (void)format_print(line, sizeof line, "copy: %zu %llu %llu %llu\n", bytes,
                           (unsigned long long)measure(by_memcpy, bytes), (unsigned long long)by16,
                           (unsigned long long)by64);
        microkit_dbg_puts(line);
    }
    microkit_dbg_puts("copy: done\n");
}

void notified(microkit_channel channel)
{
    (void)channel;
}
