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
 * @run prove_words
 * @defect prove_words: load aligned
 * lib/guestmem/guestmem.c
 * - if ((address.value & (bytes - 1)) != 0) {
 * + if ((address.value & (bytes / 2 - 1)) != 0) {
 *
 * @run prove_copies
 * @defect prove_copies: fill inside the area
 * lib/guestmem/guestmem.c
 * -     if (err == ERR_OK) {
 * -         memset(host, 0, (size_t)bytes);
 * +     {
 * +         memset(host, 0, (size_t)bytes);
 */
#include "proofs/hostile.h"

#include "lib/base/mem.h"

static uint8_t buffer[1]; /* stands for one of the caller's that is long enough */
static uint64_t copied;

static void copy(const void *to, const void *from, uint64_t bytes)
{
    PROVE(area_has(OBJECT(to) == OBJECT(buffer) ? from : to, bytes), "copy inside the area");
    copied = bytes;
}

static void fill(const void *to, uint64_t bytes)
{
    PROVE(area_has(to, bytes), "fill inside the area");
}

#define memcpy(to, from, bytes) copy(to, from, bytes)
#define memset(to, value, bytes) fill(to, bytes)
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

void prove_words(gpa_t base, gpa_t at, uint64_t value)
{
    struct guestmem mem;
    uint16_t value16;
    uint32_t value32;
    uint64_t value64;

    if (!make(&mem, base)) {
        return;
    }
    (void)guestmem_load16(&mem, at, &value16);
    (void)guestmem_load32(&mem, at, &value32);
    (void)guestmem_load64(&mem, at, &value64);
    (void)guestmem_store16(&mem, at, (uint16_t)value);
    (void)guestmem_store32(&mem, at, (uint32_t)value);
    (void)guestmem_store64(&mem, at, value);
}

void prove_copies(gpa_t base, gpa_t at, uint64_t bytes)
{
    struct guestmem mem;
    enum err err;

    if (!make(&mem, base)) {
        return;
    }
    copied = 0;
    err = guestmem_read(&mem, at, buffer, bytes);
    PROVE((err == ERR_OK) == is_inside(base, at, bytes) && copied == (err == ERR_OK ? bytes : 0),
          "read whole or not at all");
    copied = 0;
    err = guestmem_write(&mem, at, buffer, bytes);
    PROVE((err == ERR_OK) == is_inside(base, at, bytes) && copied == (err == ERR_OK ? bytes : 0),
          "written whole or not at all");
    (void)guestmem_zero(&mem, at, bytes);
}
