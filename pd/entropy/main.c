/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The entropy PD: gives random words to the VMMs, so that no guest starts with an unseeded pool.
 *
 * Source: the rng-seed that the firmware (QEMU, U-Boot, EDK2) left in the board's device tree. The rest of
 * the tree and the counter are mixed in without credit.
 */
#include <microkit.h>

#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/config/entropy_config.h"
#include "lib/fdt/fdt_view.h"
#include "pd/entropy/entropy.h"

#define BITS_PER_BYTE 8u
#define BOOT_SEED_WORDS 8u

PD_CONFIG(entropy_config, config, ENTROPY_CONFIG_SECTION) = {
    .header = {ENTROPY_CONFIG_MAGIC, ENTROPY_CONFIG_VERSION, 0, sizeof(struct entropy_config), 0},
};

static struct entropy pool;

/* Words left by the kernel; wiped, so that no later message shows them. */
static void seed_from_firmware(void)
{
    uint64_t words[BOOT_SEED_WORDS];
    uint64_t bytes = microkit_mr_get(0);

    bytes = bytes < sizeof words ? bytes : sizeof words;
    for (uint8_t i = 0; i < BOOT_SEED_WORDS; i++) {
        words[i] = microkit_mr_get((seL4_Uint8)(i + 1));
        microkit_mr_set((seL4_Uint8)(i + 1), 0);
    }
    entropy_add(&pool, words, bytes, (uint32_t)bytes * BITS_PER_BYTE);
    memset(words, 0, sizeof words);
}

/* As above, where no kernel hands it over. The seed stays in the device tree, which only this PD has mapped.
 */
static void seed_from_fdt(void)
{
    const void *fdt = (const void *)(uintptr_t)config.fdt.vaddr;
    const uint8_t *seed;
    uint32_t bytes;

    if (fdt_view_property(fdt, (uint32_t)config.fdt.bytes, "/chosen", "rng-seed", &seed, &bytes) == ERR_OK) {
        entropy_add(&pool, seed, bytes, bytes < ENTROPY_KEY_BYTES ? 0 : ENTROPY_SEED_BITS);
    }
}

void init(void)
{
    uint64_t ticks = clock_ticks();

    entropy_init(&pool);
    if (!config_is_valid(&config.header, ENTROPY_CONFIG_MAGIC, ENTROPY_CONFIG_VERSION, sizeof config)) {
        microkit_dbg_puts("entropy: no configuration in this image: clients get no random words\n");
        return;
    }
    entropy_add(&pool, &ticks, sizeof ticks, 0);
    if (config.has_boot_seed != 0) {
        seed_from_firmware();
    }
    if (config.fdt.bytes != 0) {
        seed_from_fdt();
    }
    if (!entropy_is_seeded(&pool)) {
        microkit_dbg_puts(
            "entropy: the firmware gave no rng-seed of 32 bytes: guests have to gather their own "
            "entropy\n");
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    uint64_t words[ENTROPY_MAX_WORDS];
    uint64_t count = microkit_mr_get(0);
    uint64_t ticks = clock_ticks();

    (void)ch;
    if (microkit_msginfo_get_label(msginfo) != ENTROPY_GET || microkit_msginfo_get_count(msginfo) != 1 ||
        count == 0 || count > ENTROPY_MAX_WORDS) {
        return microkit_msginfo_new(ENTROPY_INVALID, 0);
    }
    entropy_add(&pool, &ticks, sizeof ticks, 0);
    if (entropy_get(&pool, words, count * sizeof words[0]) != ERR_OK) {
        return microkit_msginfo_new(ENTROPY_UNSEEDED, 0);
    }
    for (uint8_t i = 0; i < count; i++) {
        microkit_mr_set(i, words[i]);
    }
    memset(words, 0, sizeof words);
    return microkit_msginfo_new(ENTROPY_OK, (uint16_t)count);
}
