/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail between cores. */
#include "kernel/core/mail.h"

void mail_post(struct core *to, enum mail_kind kind, uint32_t index)
{
    /* Release pairs with the acquire of mail_take(). Whoever finds the word empty says that it is not any more,
       and whoever is the first to say so of any word sends the SGI. Others come along: their bit is taken with
       the word that somebody else is about to name, or the word is empty; and a word that they name is taken
       with the SGI that is on its way, or no word is named any more. */
    if (__atomic_fetch_or(&to->mail[kind][index / 64], 1ull << (index % 64), __ATOMIC_RELEASE) == 0 &&
        __atomic_fetch_or(&to->mail_words, 1ull << MAIL_BIT(kind, index / 64), __ATOMIC_RELEASE) == 0) {
        arch_kick(to->id);
    }
}

uint64_t mail_take_words(struct core *core)
{
    return __atomic_exchange_n(&core->mail_words, 0, __ATOMIC_ACQUIRE);
}

uint64_t mail_take(struct core *core, enum mail_kind kind, uint32_t word)
{
    uint64_t *bits = &core->mail[kind][word];

    /* What this misses is named again, and there is an SGI for it. */
    if (__atomic_load_n(bits, __ATOMIC_RELAXED) == 0) {
        return 0;
    }
    return __atomic_exchange_n(bits, 0, __ATOMIC_ACQUIRE);
}

void mail_drop(struct core *core, enum mail_kind kind, uint32_t index)
{
    __atomic_fetch_and(&core->mail[kind][index / 64], ~(1ull << (index % 64)), __ATOMIC_ACQUIRE);
}
