/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Protected procedure calls. "client" calls "middle" on channel 1, that calls "top" on channel 2, for every
 * message length; each server adds its own number to every word.
 */
#include <microkit.h>
#include <stdbool.h>

#define TO_MIDDLE 1u
#define TO_TOP 2u
#define MAX_WORDS 64u
#define TOP_ADDS 1000u
#define MIDDLE_ADDS 20000u

static bool call_with(seL4_Word count)
{
    for (seL4_Uint8 i = 0; i < MAX_WORDS; i++) {
        microkit_mr_set(i, i);
    }
    microkit_msginfo reply = microkit_ppcall(TO_MIDDLE, microkit_msginfo_new(count, (seL4_Uint16)count));
    if (microkit_msginfo_get_label(reply) != count + 2 || microkit_msginfo_get_count(reply) != count) {
        return false;
    }
    for (seL4_Uint8 i = 0; i < MAX_WORDS; i++) {
        seL4_Word expected = i < count ? i + TOP_ADDS + MIDDLE_ADDS : i;

        if (microkit_mr_get(i) != expected) {
            return false;
        }
    }
    return true;
}

void init(void)
{
    if (microkit_name[0] != 'c') {
        return;
    }
    bool good = true;
    for (seL4_Word count = 0; count <= MAX_WORDS; count++) {
        good = call_with(count) && good;
    }
    microkit_dbg_puts(good ? "client: all calls answered\n" : "client: WRONG answer\n");
    (void)microkit_ppcall(7, microkit_msginfo_new(0, 0));
    microkit_notify(62);
    microkit_dbg_puts("client: done\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}

microkit_msginfo protected(microkit_channel ch, microkit_msginfo msginfo)
{
    seL4_Uint16 count = (seL4_Uint16)microkit_msginfo_get_count(msginfo);
    seL4_Word label = microkit_msginfo_get_label(msginfo);
    seL4_Word adds = TOP_ADDS;

    if (ch == TO_MIDDLE) {
        microkit_msginfo reply = microkit_ppcall(TO_TOP, msginfo);

        label = microkit_msginfo_get_label(reply);
        adds = MIDDLE_ADDS;
    }
    for (seL4_Uint8 i = 0; i < count; i++) {
        microkit_mr_set(i, microkit_mr_get(i) + adds);
    }
    return microkit_msginfo_new(label + 1, count);
}
