/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/core/trng.h"

#include <microkit.h>

#include "lib/base/log.h"
#include "lib/base/mem.h"
#include "lib/config/entropy_config.h"
#include "lib/fdt/fdt_view.h"
#include "vmm/platform.h"

#define TRNG_VERSION_1_0 0x10000u
#define TRNG_SUCCESS 0
#define TRNG_NOT_SUPPORTED (-1)
#define TRNG_INVALID_PARAMETERS (-2)
#define TRNG_NO_ENTROPY (-3)
#define RND_MAX_WORDS 3u /* results come in three registers */
#define FDT_NOP_BIG_ENDIAN 0x04000000u
#define FDT_PROP_HEADER_BYTES 12u
#define SEED_MAX_BYTES (ENTROPY_MAX_WORDS * sizeof(uint64_t))

enum err trng_fetch(const struct vmm_config *config, uint64_t *words, uint32_t count)
{
    if (config->has_entropy == 0 || count == 0 || count > ENTROPY_MAX_WORDS) {
        return ERR_EMPTY;
    }
    microkit_mr_set(0, count);
    const microkit_msginfo reply =
        microkit_ppcall(config->entropy_channel, microkit_msginfo_new(ENTROPY_GET, 1));
    if (microkit_msginfo_get_label(reply) != ENTROPY_OK || microkit_msginfo_get_count(reply) != count) {
        return ERR_EMPTY;
    }
    for (uint32_t i = 0; i < count; i++) {
        words[i] = microkit_mr_get((seL4_Uint8)i);
        microkit_mr_set((seL4_Uint8)i, 0);
    }
    return ERR_OK;
}

/* Take the property whose value is at `value` out of the tree: its words become FDT_NOPs. */
static void remove_property(uint8_t *value, uint32_t value_bytes)
{
    const uint32_t nop = FDT_NOP_BIG_ENDIAN;
    const uint32_t bytes = FDT_PROP_HEADER_BYTES + ((value_bytes + 3u) & ~3u);

    for (uint32_t at = 0; at < bytes; at += (uint32_t)sizeof nop) {
        memcpy(value - FDT_PROP_HEADER_BYTES + at, &nop, sizeof nop);
    }
}

enum seed { SEED_ABSENT, SEED_FILLED, SEED_TAKEN_OUT };

/* Fill /chosen's property `name`; without randomness, take it out. */
static enum seed seed_property(const struct vmm_config *config, uint8_t *blob, const char *name)
{
    uint64_t words[ENTROPY_MAX_WORDS];
    const uint8_t *value;
    uint32_t bytes;

    if (fdt_view_property(blob, (uint32_t)config->dtb.bytes, "/chosen", name, &value, &bytes) != ERR_OK) {
        return SEED_ABSENT; /* a tree of the user's own may do without */
    }
    uint8_t *seed = blob + (value - blob);
    if (bytes == 0 || bytes > SEED_MAX_BYTES ||
        trng_fetch(config, words, (bytes + (uint32_t)sizeof words[0] - 1) / (uint32_t)sizeof words[0]) !=
            ERR_OK) {
        remove_property(seed, bytes);
        return SEED_TAKEN_OUT;
    }
    memcpy(seed, words, bytes);
    memset(words, 0, sizeof words);
    return SEED_FILLED;
}

enum err trng_seed_guest(const struct vmm_config *config, const struct guestmem *mem)
{
    uint8_t *blob;

    const enum err err = guestmem_translate(mem, gpa_of(config->dtb_gpa), config->dtb.bytes, &blob);
    if (err != ERR_OK) {
        return err;
    }
    const enum seed numbers = seed_property(config, blob, "rng-seed");
    const enum seed place = seed_property(config, blob, "kaslr-seed");
    if (numbers == SEED_TAKEN_OUT || place == SEED_TAKEN_OUT) {
        log_warn("%s starts without a seed for its random numbers", config->name);
    }
    if (numbers != SEED_ABSENT || place != SEED_ABSENT) {
        platform_cache_clean(blob, config->dtb.bytes);
    }
    return ERR_OK;
}

static int64_t features(uint32_t function)
{
    switch (function) {
    case TRNG_VERSION:
    case TRNG_FEATURES:
    case TRNG_GET_UUID:
    case TRNG_RND32:
    case TRNG_RND64:
        return TRNG_SUCCESS;
    default:
        return TRNG_NOT_SUPPORTED;
    }
}

/* DEN 0098, 2.5: the bits asked for, right-aligned over three registers, the lowest in the last. */
static int64_t random(const struct vmm_config *config, uint64_t args[8], uint32_t register_bits)
{
    const uint64_t bits = register_bits == 32 ? (uint32_t)args[1] : args[1];
    uint64_t words[RND_MAX_WORDS];

    if (bits == 0 || bits > RND_MAX_WORDS * register_bits) {
        return TRNG_INVALID_PARAMETERS;
    }
    if (trng_fetch(config, words, RND_MAX_WORDS) != ERR_OK) {
        return TRNG_NO_ENTROPY;
    }
    for (uint32_t i = 0; i < RND_MAX_WORDS; i++) {
        const uint64_t below = (uint64_t)i * register_bits;
        const uint64_t here = bits > below ? bits - below : 0;
        const uint64_t width = here < register_bits ? here : register_bits;

        args[RND_MAX_WORDS - i] = width == 0 ? 0 : words[i] >> (64 - width);
    }
    return TRNG_SUCCESS;
}

bool trng_call(const struct vmm_config *config, uint64_t args[8])
{
    /* "Causeway entropy": a name for the back end, the same in every build. */
    static const uint32_t uuid[4] = {0x7a9c6c2e, 0x414ef1d0, 0x9d2b83b5, 0x10c44ea7};
    const uint32_t function = (uint32_t)args[0];

    if (config->has_entropy == 0 || features(function) != TRNG_SUCCESS) {
        return false;
    }
    if (function == TRNG_VERSION) {
        args[0] = TRNG_VERSION_1_0;
    } else if (function == TRNG_FEATURES) {
        args[0] = (uint64_t)features((uint32_t)args[1]);
    } else if (function == TRNG_GET_UUID) {
        for (uint32_t i = 0; i < 4; i++) {
            args[i] = uuid[i];
        }
    } else {
        args[0] = (uint64_t)random(config, args, function == TRNG_RND64 ? 64 : 32);
    }
    return true;
}
