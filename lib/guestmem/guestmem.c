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

enum err guestmem_write(const struct guestmem *mem, gpa_t address, const void *from, uint64_t bytes)
{
    uint8_t *host;
    const enum err err = guestmem_translate(mem, address, bytes, &host);

    if (err == ERR_OK) {
        memcpy(host, from, (size_t)bytes);
    }
    return err;
}
