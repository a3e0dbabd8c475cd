/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exception syndromes: all of them, against the words of the Arm ARM (D17.2.37, ISS encoding for a data
 * abort).
 *
 * @contract A data abort is decoded as the Arm ARM says, and its load or store keeps exactly the access's
 * bytes.
 * @bound none
 *
 * @run prove_esr
 * @defect prove_esr: load
 * lib/aarch64/esr.h
 * -     if (access->sign_extend && (result >> sign_bit & 1) != 0 && sign_bit != 63) {
 * +     if (access->sign_extend && sign_bit != 63) {
 */
#include "proofs/cbmc.h"

#include "kernel/core/syndrome.c"

static bool bit(uint64_t word, uint32_t number)
{
    return (word >> number & 1) != 0;
}

/* What a load of `width` bytes leaves in a 64-bit register. */
static uint64_t loaded(uint64_t value, uint32_t width, bool sign_extend)
{
    switch (width) {
    case 1:
        return sign_extend ? (uint64_t)(int64_t)(int8_t)value : (uint8_t)value;
    case 2:
        return sign_extend ? (uint64_t)(int64_t)(int16_t)value : (uint16_t)value;
    case 4:
        return sign_extend ? (uint64_t)(int64_t)(int32_t)value : (uint32_t)value;
    default:
        return value;
    }
}

void prove_esr(uint64_t syndrome, uint64_t value)
{
    struct esr_access access;
    const bool is_described = (syndrome >> 26 & 0x3f) == 0x24 && bit(syndrome, 24) && !bit(syndrome, 7);
    const uint32_t width = 1u << (syndrome >> 22 & 3);

    PROVE(syndrome_text(syndrome) != NULL, "each has a text");
    PROVE(esr_decode(syndrome, &access) == is_described,
          "exactly data aborts with ISV and no walk are decoded");
    if (!is_described) {
        return;
    }
    PROVE(access.width_bytes == width && access.reg == (syndrome >> 16 & 31), "width and register");
    PROVE(access.sign_extend == bit(syndrome, 21) && access.is_64bit == bit(syndrome, 15) &&
              access.is_write == bit(syndrome, 6),
          "SSE, SF and WnR");
    PROVE(esr_store_value(&access, value) == loaded(value, width, false), "store");
    const uint64_t expected = loaded(value, width, access.sign_extend);
    PROVE(esr_load_value(&access, value) == (access.is_64bit ? expected : (uint32_t)expected), "load");
}
