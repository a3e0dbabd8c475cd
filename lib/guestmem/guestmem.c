/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/guestmem/guestmem.h"

#include <stddef.h>

#include "lib/base/mem.h"

#define PAGE_MASK 0xfffull

enum err guestmem_init(struct guestmem *mem, gpa_t base, void *host, uint64_t bytes)
{
    if (((base.value | (uint64_t)(uintptr_t)host) & PAGE_MASK) != 0) {
        return ERR_ALIGN;
    }
    if (bytes == 0 || base.value + bytes < base.value) {
        return ERR_RANGE;
    }
    *mem = (struct guestmem){.base = base.value, .bytes = bytes, .host = host};
    return ERR_OK;
}

enum err guestmem_read(const struct guestmem *mem, gpa_t address, void *to, uint64_t bytes)
{
    uint8_t *host;
    const enum err err = guestmem_translate(mem, address, bytes, &host);

    if (err == ERR_OK) {
        memcpy(to, host, (size_t)bytes);
    }
    return err;
}

enum err guestmem_write(const struct guestmem *mem, gpa_t address, const void *from, uint64_t bytes)
{
    uint8_t *host;
    const enum err err = guestmem_translate(mem, address, bytes, &host);

    if (err == ERR_OK) {
        memcpy(host, from, (size_t)bytes);
    }
    return err;
}

enum err guestmem_zero(const struct guestmem *mem, gpa_t address, uint64_t bytes)
{
    uint8_t *host;
    const enum err err = guestmem_translate(mem, address, bytes, &host);

    if (err == ERR_OK) {
        memset(host, 0, (size_t)bytes);
    }
    return err;
}

/* The base is page-aligned on both sides, so a GPA's alignment is that of the mapped address too. */
static enum err translate_aligned(const struct guestmem *mem, gpa_t address, uint64_t bytes, uint8_t **host)
{
    if ((address.value & (bytes - 1)) != 0) {
        return ERR_ALIGN;
    }
    return guestmem_translate(mem, address, bytes, host);
}

enum err guestmem_load16(const struct guestmem *mem, gpa_t address, uint16_t *value)
{
    uint8_t *host;
    const enum err err = translate_aligned(mem, address, sizeof *value, &host);

    if (err == ERR_OK) {
        *value = __atomic_load_n((const uint16_t *)(const void *)host, __ATOMIC_RELAXED);
    }
    return err;
}

enum err guestmem_load32(const struct guestmem *mem, gpa_t address, uint32_t *value)
{
    uint8_t *host;
    const enum err err = translate_aligned(mem, address, sizeof *value, &host);

    if (err == ERR_OK) {
        *value = __atomic_load_n((const uint32_t *)(const void *)host, __ATOMIC_RELAXED);
    }
    return err;
}

enum err guestmem_load64(const struct guestmem *mem, gpa_t address, uint64_t *value)
{
    uint8_t *host;
    const enum err err = translate_aligned(mem, address, sizeof *value, &host);

    if (err == ERR_OK) {
        *value = __atomic_load_n((const uint64_t *)(const void *)host, __ATOMIC_RELAXED);
    }
    return err;
}

enum err guestmem_store16(const struct guestmem *mem, gpa_t address, uint16_t value)
{
    uint8_t *host;
    const enum err err = translate_aligned(mem, address, sizeof value, &host);

    if (err == ERR_OK) {
        __atomic_store_n((uint16_t *)(void *)host, value, __ATOMIC_RELAXED);
    }
    return err;
}

enum err guestmem_store32(const struct guestmem *mem, gpa_t address, uint32_t value)
{
    uint8_t *host;
    const enum err err = translate_aligned(mem, address, sizeof value, &host);

    if (err == ERR_OK) {
        __atomic_store_n((uint32_t *)(void *)host, value, __ATOMIC_RELAXED);
    }
    return err;
}

enum err guestmem_store64(const struct guestmem *mem, gpa_t address, uint64_t value)
{
    uint8_t *host;
    const enum err err = translate_aligned(mem, address, sizeof value, &host);

    if (err == ERR_OK) {
        __atomic_store_n((uint64_t *)(void *)host, value, __ATOMIC_RELAXED);
    }
    return err;
}
