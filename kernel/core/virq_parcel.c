/* SPDX-License-Identifier: BSD-2-Clause */
/* An interrupt that moves between vCPUs of different cores, in halves. */
#include "kernel/core/virq.h"
#include "kernel/include/syscall.h"

/* Take bit `bit` out of `*bits`. */
static bool take(uint64_t *bits, uint64_t bit)
{
    const bool was = (*bits & bit) != 0;

    *bits &= ~bit;
    return was;
}

static bool is_active_here(const struct virq_state *state, uint32_t intid)
{
    return !virq_is_held(state, intid) && (virq_get(state, intid) & SYSCALL_VIRQ_IS_ACTIVE) != 0;
}

void virq_parcel_pack(struct virq_state *from, uint32_t intid, struct virq_parcel *parcel)
{
    struct virq_word *word = &from->words[intid / 64];
    const struct virq *irq = &from->irqs[intid];
    const uint64_t bit = virq_set_mask(intid);
    const bool active = is_active_here(from, intid);
    /* The physical interrupt that an active LR is linked to ends with it. */
    const bool ends_here = active && irq->lr != 0 && (from->lrs[irq->lr - 1u] & VIRQ_LR_HW) != 0;

    *parcel = (struct virq_parcel){
        .intid = intid,
        .priority = irq->priority,
        .enabled = take(&word->enabled, bit),
        .level = take(&word->level, bit),
        .group1 = take(&word->group1, bit),
        .line = take(&word->line, bit),
        .latched = take(&word->latched, bit),
        .held = take(&word->held, bit),
        .linked = !ends_here && take(&word->linked, bit),
        .physical = irq->physical,
        .active = active,
    };
    if (active) {
        from->left_count += (word->left & bit) == 0;
        word->left |= bit;
        word->moving |= bit;
    }
    word->away |= bit;
    virq_unpend(from, intid, 0); /* with nothing left of it: out of queue and list register */
}

void virq_parcel_unpack(struct virq_state *to, const struct virq_parcel *parcel)
{
    const uint32_t intid = parcel->intid;
    const uint64_t bit = virq_set_mask(intid);
    struct virq_word *word = &to->words[intid / 64];
    const bool returns = take(&word->left, bit); /* it comes back to where it is active */

    to->left_count -= returns;
    word->away &= ~bit;
    virq_configure(to, intid,
                   (parcel->enabled ? SYSCALL_VIRQ_ENABLED : 0u) | (parcel->level ? SYSCALL_VIRQ_LEVEL : 0u) |
                       (parcel->group1 ? SYSCALL_VIRQ_GROUP1 : 0u),
                   parcel->priority);
    word->line |= parcel->line ? bit : 0;
    word->latched |= parcel->latched ? bit : 0;
    word->held |= (parcel->held && !returns) || parcel->active ? bit : 0;
    if (parcel->linked) {
        word->linked |= bit;
        to->irqs[intid].physical = parcel->physical;
    }
    virq_set_line(to, intid, parcel->line);
}

void virq_parcel_arrived(struct virq_state *from, uint32_t intid)
{
    from->words[intid / 64].moving &= ~virq_set_mask(intid);
}
