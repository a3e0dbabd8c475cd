/* SPDX-License-Identifier: BSD-2-Clause */
/* A model of a GICv2's virtual CPU interface. */
#include "tests/mock/lr_guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* Into the guest: what list_registers_enter() does. */
void lr_guest_enter(struct lr_guest *guest)
{
    virq_fill(&guest->state);
    for (uint32_t i = 0; i < 4; i++) {
        if ((guest->state.dirty >> i & 1) != 0) {
            guest->lrs[i] = guest->state.lrs[i];
        }
    }
    guest->state.dirty = 0;
    assert_memory_equal(guest->lrs, guest->state.lrs, sizeof guest->lrs);
}

/* And back out: arch_virq_sync(). */
void lr_guest_leave(struct lr_guest *guest)
{
    virq_fold_eois(&guest->state, guest->eoi_count);
    guest->eoi_count = 0;
    for (uint32_t i = 0; i < 4; i++) {
        if ((guest->state.used >> i & 1) != 0) {
            virq_fold(&guest->state, i, guest->lrs[i]);
        }
    }
}

/* GICV_IAR: the most urgent pending LR becomes active. Returns INTID, source in bits 12..10. */
uint32_t lr_guest_acknowledge(struct lr_guest *guest)
{
    uint32_t best = 4;

    for (uint32_t i = 0; i < 4; i++) {
        if ((guest->lrs[i] & VIRQ_LR_PENDING) != 0 &&
            (best == 4 || (guest->lrs[i] >> 23 & 31) < (guest->lrs[best] >> 23 & 31))) {
            best = i;
        }
    }
    if (best == 4) {
        return LR_GUEST_NONE;
    }
    guest->lrs[best] = (guest->lrs[best] & ~VIRQ_LR_PENDING) | VIRQ_LR_ACTIVE;
    guest->active[guest->depth++] = guest->lrs[best] & VIRQ_LR_ID_MASK;
    return guest->lrs[best] &
           (VIRQ_LR_ID_MASK | ((guest->lrs[best] & VIRQ_LR_ID_MASK) < 16 ? VIRQ_LR_SOURCE_MASK : 0));
}

/* GICV_EOIR of the last one acknowledged. Returns whether that raises a maintenance interrupt. */
bool lr_guest_end(struct lr_guest *guest)
{
    uint32_t intid = guest->active[--guest->depth];

    for (uint32_t i = 0; i < 4; i++) {
        if ((guest->lrs[i] & VIRQ_LR_ACTIVE) != 0 && (guest->lrs[i] & VIRQ_LR_ID_MASK) == intid) {
            guest->lrs[i] &= ~VIRQ_LR_ACTIVE;
            return (guest->lrs[i] & (VIRQ_LR_EOI | VIRQ_LR_HW)) == VIRQ_LR_EOI &&
                   (guest->lrs[i] & VIRQ_LR_PENDING) == 0;
        }
    }
    guest->eoi_count++;
    return true;
}
