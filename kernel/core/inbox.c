/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs' inboxes. */
#include "kernel/core/inbox.h"

#include "kernel/core/mail.h"

static void tell(struct vcpu *vcpu)
{
    mail_post(vcpu->thread.core, MAIL_VIRQ, kernel_number(&vcpu->thread));
}

void inbox_post(struct vcpu *vcpu, enum inbox_kind kind, uint32_t intid)
{
    struct inbox *inbox = &vcpu->inbox;

    __atomic_fetch_or(&inbox->words[kind][intid / 64], virq_set_mask(intid), __ATOMIC_RELAXED);
    /* Release pairs with the acquire of inbox_take_summary(): who sees the word's bit finds the interrupt's;
       so the latter may be relaxed. */
    __atomic_fetch_or(&inbox->summary, 1ull << INBOX_BIT(kind, intid / 64), __ATOMIC_RELEASE);
    tell(vcpu);
}

void inbox_post_sgi(struct vcpu *vcpu, uint32_t intid, uint32_t source)
{
    __atomic_fetch_or(&vcpu->inbox.sgis[intid / 8], 1ull << (intid % 8 * 8 + source % 8), __ATOMIC_RELEASE);
    tell(vcpu);
}

/* What is there is looked at before it is taken: most often nothing is, and there is an SGI on its way for
   what this misses. */
static uint64_t take(uint64_t *bits)
{
    return __atomic_load_n(bits, __ATOMIC_RELAXED) == 0 ? 0 : __atomic_exchange_n(bits, 0, __ATOMIC_ACQUIRE);
}

uint64_t inbox_take_summary(struct vcpu *vcpu)
{
    return take(&vcpu->inbox.summary);
}

uint64_t inbox_take(struct vcpu *vcpu, enum inbox_kind kind, uint32_t word)
{
    return take(&vcpu->inbox.words[kind][word]);
}

void inbox_take_sgis(struct vcpu *vcpu, uint64_t sgis[2])
{
    sgis[0] = take(&vcpu->inbox.sgis[0]);
    sgis[1] = take(&vcpu->inbox.sgis[1]);
}

void inbox_clear(struct vcpu *vcpu)
{
    static const uint64_t pend_words = (1ull << INBOX_BIT(INBOX_PEND + 1, 0)) - 1;
    uint64_t sgis[2];

    inbox_take_sgis(vcpu, sgis);
    uint64_t words = __atomic_fetch_and(&vcpu->inbox.summary, ~pend_words, __ATOMIC_ACQUIRE) & pend_words;
    for (; words != 0; words &= words - 1) {
        (void)inbox_take(vcpu, INBOX_PEND, (uint32_t)__builtin_ctzll(words));
    }
}
