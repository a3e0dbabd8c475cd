/* SPDX-License-Identifier: BSD-2-Clause */
/* Cache maintenance and zeroing of the platform seam: the same instructions from EL0 on both platforms. */
#include "vmm/platform.h"

/* Bytes of the smallest data cache line. */
static uint64_t line_bytes(void)
{
    uint64_t ctr;

    __asm__ volatile("mrs %0, ctr_el0" : "=r"(ctr));
    return 4ull << (ctr >> 16 & 0xf);
}

void platform_cache_clean(const void *vaddr, uint64_t bytes)
{
    const uint64_t line = line_bytes();
    const uint64_t end = (uint64_t)(uintptr_t)vaddr + bytes;

    /* To the point of coherency, and out of the cache: nothing stale is left for when the guest's caches go
       on. */
    for (uint64_t at = (uint64_t)(uintptr_t)vaddr & ~(line - 1); at < end; at += line) {
        __asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb sy" ::: "memory");
}

void platform_cache_sync_code(const void *vaddr, uint64_t bytes)
{
    const uint64_t end = (uint64_t)(uintptr_t)vaddr + bytes;
    uint64_t ctr;

    platform_cache_clean(vaddr, bytes);
    __asm__ volatile("mrs %0, ctr_el0" : "=r"(ctr));
    const uint64_t line = 4ull << (ctr & 0xf);
    for (uint64_t at = (uint64_t)(uintptr_t)vaddr & ~(line - 1); at < end; at += line) {
        __asm__ volatile("ic ivau, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb sy\n\tisb" ::: "memory");
}

void platform_zero(void *vaddr, uint64_t bytes)
{
    uint64_t dczid;

    __asm__ volatile("mrs %0, dczid_el0" : "=r"(dczid));
    const uint64_t block = 4ull << (dczid & 0xf);
    const uint64_t start = (uint64_t)(uintptr_t)vaddr;
    if ((dczid & 0x10) != 0) { /* DZP: prohibited */
        uint64_t *words = vaddr;
        for (uint64_t i = 0; i < bytes / sizeof *words; i++) {
            words[i] = 0;
        }
        return;
    }
    for (uint64_t at = start; at < start + bytes; at += block) {
        __asm__ volatile("dc zva, %0" ::"r"(at) : "memory");
    }
}
