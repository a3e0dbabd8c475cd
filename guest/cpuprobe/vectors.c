/* SPDX-License-Identifier: BSD-2-Clause */
/* SVE registers that stay one's own while others run: filled, looked at again and again, never used. */
#include <stddef.h>

#include "guest/cpuprobe/cpuprobe.h"
#include "lib/base/mem.h"

#define Z_MAX_BYTES (32u * 256)
#define P_MAX_BYTES (17u * 32)
#define SPIN 20000u

/* sve.S */
uint64_t vectors_bytes(void);
void vectors_load(const uint8_t *z, const uint8_t *p);
void vectors_store(uint8_t *z, uint8_t *p);

/* No call in between: the kernel may forget a program's vectors at a system call. */
static bool stay(const uint8_t *z, const uint8_t *p, uint64_t z_bytes, uint64_t p_bytes)
{
    static uint8_t z_now[Z_MAX_BYTES], p_now[P_MAX_BYTES];

    vectors_load(z, p);
    for (uint32_t i = 0; i < SPIN; i++) {
        __asm__ volatile("" ::: "memory");
    }
    vectors_store(z_now, p_now);
    return memcmp(z, z_now, z_bytes) == 0 && memcmp(p, p_now, p_bytes) == 0;
}

void vectors_probe(uint64_t rounds)
{
    static uint8_t z[Z_MAX_BYTES], p[P_MAX_BYTES];
    const uint64_t vector = vectors_bytes(),
                   seed = (uint64_t)linux_call(LINUX_GETPID, 0, 0, 0, 0, 0) * 37 + rounds;
    uint64_t kept = 0;

    for (uint64_t i = 0; i < sizeof(z); i++) {
        z[i] = (uint8_t)(seed + i * 31 + i / 251);
    }
    for (uint64_t i = 0; i < sizeof(p); i++) {
        p[i] = (uint8_t)(seed + i * 7 + 1);
    }
    /* FFR holds no more than a prefix of ones. */
    for (uint64_t i = 0; i < vector / 8; i++) {
        p[16 * vector / 8 + i] = i == 0 ? (uint8_t)((1u << (seed % 8)) - 1) : 0;
    }
    while (kept < rounds && stay(z, p, 32 * vector, 17 * vector / 8)) {
        kept++;
    }
    cpuprobe_verdict("vectors", kept == rounds, kept == rounds ? "kept; bytes of each:" : "lost in round",
                     kept == rounds ? vector : kept);
}
