/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Two of these pass a notification to and fro and look each time whether their FP/SIMD registers are still
 * what they were: the kernel switches those lazily.
 */
#include <microkit.h>
#include <stdint.h>

#define CHANNEL 1u
#define ROUNDS 100u
#define REGISTERS 32u

static uint64_t expected[2 * REGISTERS];
static uint64_t found[2 * REGISTERS];
static uint64_t expected_fpcr, found_fpcr;
static unsigned int rounds;

#define ALL_REGISTERS "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31"

static void load(const uint64_t *from)
{
    __asm__ volatile(".arch_extension fp\n"
                     ".irp n, " ALL_REGISTERS "\n"
                     "ldr q\\n, [%0, #(\\n * 16)]\n"
                     ".endr\n"
                     "msr fpcr, %1\n"
                     ".arch_extension nofp\n" ::"r"(from),
                     "r"(expected_fpcr)
                     : "memory");
}

static void store(uint64_t *to)
{
    __asm__ volatile(".arch_extension fp\n"
                     ".irp n, " ALL_REGISTERS "\n"
                     "str q\\n, [%1, #(\\n * 16)]\n"
                     ".endr\n"
                     "mrs %0, fpcr\n"
                     ".arch_extension nofp\n"
                     : "=r"(found_fpcr)
                     : "r"(to)
                     : "memory");
}

static void fill(void)
{
    /* Both write different values, and new ones each round. */
    for (unsigned int i = 0; i < 2 * REGISTERS; i++) {
        expected[i] = ((uint64_t)microkit_name[0] << 56) + rounds * 1000 + i;
    }
    expected_fpcr = microkit_name[0] == 'a' ? 1u << 22 : 2u << 22; /* rounding mode */
    load(expected);
}

static int is_intact(void)
{
    store(found);
    for (unsigned int i = 0; i < 2 * REGISTERS; i++) {
        if (found[i] != expected[i]) {
            return 0;
        }
    }
    return found_fpcr == expected_fpcr;
}

void init(void)
{
    fill();
    if (microkit_name[0] == 'a') {
        microkit_notify(CHANNEL);
    }
}

void notified(microkit_channel ch)
{
    if (!is_intact()) {
        microkit_dbg_puts(microkit_name);
        microkit_dbg_puts(": WRONG registers\n");
        return;
    }
    if (++rounds == ROUNDS) {
        microkit_dbg_puts(microkit_name);
        microkit_dbg_puts(": registers intact\n");
    }
    if (rounds > ROUNDS) {
        return;
    }
    fill();
    microkit_notify(ch);
}
