/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one door to guest memory, for every base, size, address and length.
 *
 * @contract An access that is not refused lies inside the guest's RAM, at the right place; none that lies
 * inside is refused.
 * @bound none
 *
 * @run prove_translate
 * @defect prove_translate: exactly what lies inside is accepted
 * lib/guestmem/guestmem.h
 * - bytes > mem->bytes - offset
 * + bytes > mem->bytes
 *
 * @run prove_write
 * @defect prove_write: copy inside the area
 * lib/guestmem/guestmem.c
 * -     if (err == ERR_OK) {
 * +     {
 */
#include "proofs/hostile.h"

#include "lib/base/mem.h"

static uint8_t buffer[1]; /* stands for one of the caller's that is long enough */
static uint64_t copied;

static void copy(const void *to, const void *from, uint64_t bytes)
{
    (void)from;
    PROVE(area_has(to, bytes), "copy inside the area");
    copied = bytes;
}

#define memcpy(to, from, bytes) copy(to, from, bytes)
#include "lib/guestmem/guestmem.c"

/* A guest's RAM, wherever it lies. False if it was refused. */
static bool make(struct guestmem *mem, gpa_t base)
{
    area_make();
    if (guestmem_init(mem, base, area, area_bytes) == ERR_OK) {
        return true;
    }
    PROVE((base.value & 0xfff) != 0 || base.value > UINT64_MAX - area_bytes,
          "only what wraps or lies askew is refused");
    return false;
}

static bool is_inside(gpa_t base, gpa_t at, uint64_t bytes)
{
    return at.value >= base.value && at.value - base.value <= area_bytes &&
           bytes <= area_bytes - (at.value - base.value);
}

void prove_translate(gpa_t base, gpa_t at, uint64_t bytes)
{
    struct guestmem mem;
    uint8_t *host = NULL;

    if (!make(&mem, base)) {
        return;
    }
    const enum err err = guestmem_translate(&mem, at, bytes, &host);
    PROVE((err == ERR_OK) == is_inside(base, at, bytes), "exactly what lies inside is accepted");
    if (err == ERR_OK) {
        PROVE(area_has(host, bytes) && OFFSET(host) == at.value - base.value,
              "it is mapped, at the right place");
    } else {
        PROVE(host == NULL, "untouched if refused");
    }
}

void prove_write(gpa_t base, gpa_t at, uint64_t bytes)
{
    struct guestmem mem;
    enum err err;

    if (!make(&mem, base)) {
        return;
    }
    copied = 0;
    err = guestmem_write(&mem, at, buffer, bytes);
    PROVE((err == ERR_OK) == is_inside(base, at, bytes) && copied == (err == ERR_OK ? bytes : 0),
          "written whole or not at all");
}
