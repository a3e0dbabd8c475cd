/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The one door to guest memory.
 *
 * Whoever looks into a guest's RAM (VMM, vhost switch) does it through a `struct guestmem`: an address is a
 * gpa_t until guestmem_translate() has checked that the whole range lies inside the
 * RAM. What is behind the door may change at any time: the guest runs on. So copy first, then check the copy.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"

/** A guest-physical address. Wrapped, so that it can't be mixed with addresses of this PD. */
typedef struct {
    uint64_t value;
} gpa_t;

/** The guest-physical address `value`. */
static inline gpa_t gpa_of(uint64_t value)
{
    return (gpa_t){value};
}

/** `address` moved up by `bytes`; wraps as 64-bit addition does, which the range check then refuses. */
static inline gpa_t gpa_add(gpa_t address, uint64_t bytes)
{
    return (gpa_t){address.value + bytes};
}

/** A guest's RAM and where this PD has it mapped. */
struct guestmem {
    uint64_t base;  /**< GPA of the first byte, page-aligned */
    uint64_t bytes; /**< of the RAM */
    uint8_t *host;  /**< the same first byte here, page-aligned; not owned */
};

/**
 * Describe `bytes` of RAM at `base` that are mapped at `host`.
 * Errors: ERR_ALIGN (base or host not on a page), ERR_RANGE (empty, or runs past the end of the address
 * space).
 */
ERR_CHECKED enum err guestmem_init(struct guestmem *mem, gpa_t base, void *host, uint64_t bytes);

/**
 * *host = where the `bytes` at `address` are mapped, all of them inside RAM (a length of 0 is allowed up to
 * and including the end). Errors: ERR_RANGE; *host is then untouched.
 */
ERR_CHECKED static inline enum err guestmem_translate(const struct guestmem *mem, gpa_t address,
                                                      uint64_t bytes, uint8_t **host)
{
    /* An address below the base becomes a huge offset: one comparison covers both ends. */
    const uint64_t offset = address.value - mem->base;

    if (offset > mem->bytes || bytes > mem->bytes - offset) {
        return ERR_RANGE;
    }
    *host = mem->host + offset;
    return ERR_OK;
}

/** Copy `bytes` to the guest. Errors: ERR_RANGE, nothing copied. */
ERR_CHECKED enum err guestmem_write(const struct guestmem *mem, gpa_t address, const void *from,
                                    uint64_t bytes);
