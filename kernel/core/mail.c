/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail between cores. */
#include "kernel/core/mail.h"

void mail_post(struct core *to, enum mail_kind kind, uint32_t index)
{
    /* Release pairs with the acquire of mail_take(). Whoever finds the word empty sends the SGI; whoever does
       not comes along with that one: it is taken with the word that the SGI is for, or the word is empty. */
    const uint64_t old =
        __atomic_fetch_or(&to->mail[kind][index / 64], 1ull << (index % 64), __ATOMIC_RELEASE);

    if (old == 0) {
        arch_kick(to->id);
    }
}

uint64_t mail_take(struct core *core, enum mail_kind kind, uint32_t word)
{
    uint64_t *bits = &core->mail[kind][word];

    /* An SGI is on its way for what this misses. */
    if (__atomic_load_n(bits, __ATOMIC_RELAXED) == 0) {
        return 0;
    }
    return __atomic_exchange_n(bits, 0, __ATOMIC_ACQUIRE);
}

void mail_drop(struct core *core, enum mail_kind kind, uint32_t index)
{
    __atomic_fetch_and(&core->mail[kind][index / 64], ~(1ull << (index % 64)), __ATOMIC_ACQUIRE);
}
