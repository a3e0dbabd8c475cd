/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/virq.h"

#include <stddef.h>

#include "kernel/include/syscall.h"

#define PRIORITY_MASK 0xf8u /* an LR holds the upper five bits */

static bool is_sgi(uint32_t intid)
{
    return intid < VIRQ_SGI_COUNT;
}

static bool level_is_high(const struct virq *irq)
{
    return (irq->flags & (VIRQ_LEVEL | VIRQ_LINE)) == (VIRQ_LEVEL | VIRQ_LINE);
}

static bool is_wanted(const struct virq_state *state, const struct virq *irq)
{
    if ((irq->flags & VIRQ_ENABLED) == 0 || !state->enabled)
        return false;
    return (irq->flags & VIRQ_LATCH) != 0 || irq->sources != 0 || level_is_high(irq);
}

static void set_queued(struct virq_state *state, uint32_t intid, bool queued)
{
    uint32_t word = intid / 64;

    if (queued)
        state->queued[word] |= 1ull << (intid % 64);
    else
        state->queued[word] &= ~(1ull << (intid % 64));
    if (state->queued[word] != 0)
        state->queued_words |= 1u << word;
    else
        state->queued_words &= ~(1u << word);
}

static void write_lr(struct virq_state *state, uint32_t index, uint32_t value)
{
    if (state->lrs[index] == value)
        return;
    state->lrs[index] = value;
    state->dirty |= 1u << index;
}

static void free_lr(struct virq_state *state, uint32_t index)
{
    state->irqs[state->lrs[index] & VIRQ_LR_ID_MASK].lr = 0;
    write_lr(state, index, 0);
    state->used &= ~(1u << index);
}

/* Pending and EOI bits that an active LR ought to have. */
static uint32_t active_bits(const struct virq *irq, uint32_t intid, uint32_t lr, bool wanted)
{
    if (!wanted)
        return 0;
    if (is_sgi(intid)) {
        uint32_t source = (lr & VIRQ_LR_SOURCE_MASK) >> VIRQ_LR_PHYSICAL_SHIFT;
        uint32_t bits = (irq->sources >> source & 1) != 0 ? VIRQ_LR_PENDING : 0;

        return (irq->sources & ~(1u << source)) != 0 ? bits | VIRQ_LR_EOI : bits;
    }
    /* A level stays active until its EOI, and only then is looked at again. */
    return (irq->flags & VIRQ_LEVEL) != 0 ? VIRQ_LR_EOI : VIRQ_LR_PENDING;
}

/* EOI bit that a pending LR ought to have: is there more to signal once this one is done? */
static uint32_t pending_bits(const struct virq *irq, uint32_t intid, uint32_t lr)
{
    uint32_t source = (lr & VIRQ_LR_SOURCE_MASK) >> VIRQ_LR_PHYSICAL_SHIFT;

    if (is_sgi(intid))
        return VIRQ_LR_PENDING | ((irq->sources & ~(1u << source)) != 0 ? VIRQ_LR_EOI : 0);
    return VIRQ_LR_PENDING | (level_is_high(irq) ? VIRQ_LR_EOI : 0);
}

/* Does the LR's pending bit still stand for something? For an SGI, for its very source. */
static bool lr_is_wanted(const struct virq *irq, uint32_t intid, uint32_t lr, bool wanted)
{
    uint32_t source = (lr & VIRQ_LR_SOURCE_MASK) >> VIRQ_LR_PHYSICAL_SHIFT;

    return wanted && (!is_sgi(intid) || (irq->sources >> source & 1) != 0);
}

/* Bring queue and LR of `intid` in line with its state. */
static void refresh(struct virq_state *state, uint32_t intid)
{
    struct virq *irq = &state->irqs[intid];
    bool wanted = is_wanted(state, irq);

    if (irq->lr != 0) {
        uint32_t index = irq->lr - 1u;
        uint32_t lr = state->lrs[index];
        bool hw = (lr & VIRQ_LR_HW) != 0;
        bool active = (lr & VIRQ_LR_ACTIVE) != 0;
        uint32_t kept = lr & ~(VIRQ_LR_PENDING | (hw ? 0 : VIRQ_LR_EOI));

        /* A physical interrupt came in while a software one was under way: it needs an LR linked to it. */
        bool relink = !hw && (irq->flags & VIRQ_HW) != 0;

        if (active && relink)
            write_lr(state, index, kept | VIRQ_LR_EOI);
        else if (active)
            write_lr(state, index, hw ? kept : kept | active_bits(irq, intid, lr, wanted));
        else if (!relink && lr_is_wanted(irq, intid, lr, wanted))
            write_lr(state, index, hw ? lr : kept | pending_bits(irq, intid, lr));
        else
            free_lr(state, index);
    }
    set_queued(state, intid, wanted && irq->lr == 0 && (irq->flags & VIRQ_SPILLED) == 0);
}

void virq_init(struct virq_state *state, uint32_t lr_count)
{
    for (uint32_t i = 0; i < VIRQ_COUNT; i++)
        state->irqs[i] = (struct virq){0};
    for (uint32_t i = 0; i < sizeof state->queued / sizeof state->queued[0]; i++)
        state->queued[i] = 0;
    for (uint32_t i = 0; i < VIRQ_MAX_LRS; i++)
        state->lrs[i] = 0;
    state->queued_words = 0;
    state->enabled = false;
    state->fresh = true;
    state->lr_count = lr_count < VIRQ_MAX_LRS ? lr_count : VIRQ_MAX_LRS;
    state->used = 0;
    state->dirty = 0;
    state->spilled_count = 0;
    state->starved = false;
}

void virq_clear(struct virq_state *state, void (*drop_hw)(void *context, uint32_t physical), void *context)
{
    for (uint32_t i = 0; i < state->lr_count; i++)
        write_lr(state, i, 0);
    state->used = 0;
    state->spilled_count = 0;
    state->starved = false;
    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        struct virq *irq = &state->irqs[i];

        if ((irq->flags & VIRQ_HW) != 0)
            drop_hw(context, irq->physical);
        irq->flags &= (uint8_t) ~(VIRQ_LATCH | VIRQ_SPILLED | VIRQ_HW);
        irq->sources = 0;
        irq->lr = 0;
        refresh(state, i);
    }
}

void virq_configure(struct virq_state *state, uint32_t intid, uint32_t flags, uint8_t priority)
{
    struct virq *irq = &state->irqs[intid];
    uint32_t old = irq->flags & ~(VIRQ_ENABLED | VIRQ_LEVEL);

    irq->flags = (uint8_t)(old | ((flags & SYSCALL_VIRQ_ENABLED) != 0 ? VIRQ_ENABLED : 0) |
                           ((flags & SYSCALL_VIRQ_LEVEL) != 0 ? VIRQ_LEVEL : 0));
    irq->priority = priority & PRIORITY_MASK;
    refresh(state, intid);
}

void virq_enable(struct virq_state *state, bool enabled)
{
    if (state->enabled == enabled)
        return;
    state->enabled = enabled;
    for (uint32_t i = 0; i < VIRQ_COUNT; i++)
        refresh(state, i);
}

void virq_pend(struct virq_state *state, uint32_t intid, uint32_t source)
{
    if (is_sgi(intid))
        state->irqs[intid].sources |= (uint8_t)(1u << (source & 7));
    else
        state->irqs[intid].flags |= VIRQ_LATCH;
    refresh(state, intid);
}

void virq_unpend(struct virq_state *state, uint32_t intid)
{
    struct virq *irq = &state->irqs[intid];

    /* A linked one stays: only the guest's EOI or virq_clear() may end the physical interrupt. */
    if ((irq->flags & VIRQ_HW) == 0)
        irq->flags &= (uint8_t)~VIRQ_LATCH;
    irq->sources = 0;
    refresh(state, intid);
}

void virq_set_line(struct virq_state *state, uint32_t intid, bool high)
{
    struct virq *irq = &state->irqs[intid];

    if (is_sgi(intid))
        return;
    /* An edge-triggered input latches the rising edge. */
    if (high && (irq->flags & (VIRQ_LEVEL | VIRQ_LINE)) == 0)
        irq->flags |= VIRQ_LATCH;
    irq->flags = (uint8_t)(high ? irq->flags | VIRQ_LINE : irq->flags & ~VIRQ_LINE);
    refresh(state, intid);
}

bool virq_set_active(struct virq_state *state, uint32_t intid, bool active)
{
    struct virq *irq = &state->irqs[intid];
    bool drop = false;

    if (irq->lr != 0) {
        uint32_t index = irq->lr - 1u;
        uint32_t lr = state->lrs[index];

        if (active && (lr & VIRQ_LR_ACTIVE) == 0) {
            if ((lr & VIRQ_LR_HW) != 0)
                irq->flags &= (uint8_t)~VIRQ_LATCH;
            write_lr(state, index, (lr & ~VIRQ_LR_PENDING) | VIRQ_LR_ACTIVE);
        } else if (!active && (lr & VIRQ_LR_ACTIVE) != 0) {
            drop = (lr & VIRQ_LR_HW) != 0;
            if (drop)
                irq->flags &= (uint8_t)~VIRQ_HW;
            free_lr(state, index);
        }
    } else if (active && (irq->flags & VIRQ_SPILLED) == 0) {
        irq->flags |= VIRQ_SPILLED;
        state->spilled_count++;
    } else if (!active && (irq->flags & VIRQ_SPILLED) != 0) {
        irq->flags &= (uint8_t)~VIRQ_SPILLED;
        state->spilled_count--;
    }
    refresh(state, intid);
    return drop;
}

void virq_pend_hw(struct virq_state *state, uint32_t intid, uint32_t physical)
{
    struct virq *irq = &state->irqs[intid];

    irq->flags |= VIRQ_LATCH | VIRQ_HW;
    irq->physical = (uint16_t)physical;
    refresh(state, intid);
}

uint32_t virq_get(const struct virq_state *state, uint32_t intid)
{
    const struct virq *irq = &state->irqs[intid];
    uint32_t bits = 0;

    if ((irq->flags & VIRQ_LATCH) != 0 || irq->sources != 0 || level_is_high(irq))
        bits |= SYSCALL_VIRQ_IS_PENDING;
    if ((irq->flags & VIRQ_SPILLED) != 0 ||
        (irq->lr != 0 && (state->lrs[irq->lr - 1u] & VIRQ_LR_ACTIVE) != 0))
        bits |= SYSCALL_VIRQ_IS_ACTIVE;
    return bits;
}

bool virq_is_pending(const struct virq_state *state)
{
    if (state->queued_words != 0)
        return true;
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        if ((state->lrs[__builtin_ctz(used)] & VIRQ_LR_PENDING) != 0)
            return true;
    }
    return false;
}

bool virq_has_pending_lr(const struct virq_state *state)
{
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        if ((state->lrs[__builtin_ctz(used)] & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) == VIRQ_LR_PENDING)
            return true;
    }
    return false;
}

/* The guest acknowledged what the LR's pending bit stood for. */
static void consume(struct virq *irq, uint32_t intid, uint32_t lr)
{
    if (is_sgi(intid))
        irq->sources &= (uint8_t) ~(1u << ((lr & VIRQ_LR_SOURCE_MASK) >> VIRQ_LR_PHYSICAL_SHIFT));
    else
        irq->flags &= (uint8_t)~VIRQ_LATCH;
}

void virq_fold(struct virq_state *state, uint32_t index, uint32_t value)
{
    uint32_t old = state->lrs[index];
    uint32_t intid = old & VIRQ_LR_ID_MASK;
    struct virq *irq = &state->irqs[intid];

    if ((state->used >> index & 1) == 0)
        return;
    if ((old & VIRQ_LR_PENDING) != 0 && (value & VIRQ_LR_PENDING) == 0)
        consume(irq, intid, old);
    if ((value & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) == 0) {
        if ((old & VIRQ_LR_HW) != 0)
            irq->flags &= (uint8_t)~VIRQ_HW;
        irq->lr = 0;
        state->used &= ~(1u << index);
        state->lrs[index] = value;
        /* The EOI status of an LR lasts until the LR is rewritten, and with it the maintenance interrupt. */
        if ((old & VIRQ_LR_EOI) != 0)
            write_lr(state, index, 0);
    } else {
        state->lrs[index] = value;
    }
    refresh(state, intid);
}

void virq_fold_eois(struct virq_state *state, uint32_t count)
{
    for (; count > 0 && state->spilled_count > 0; count--) {
        uint32_t best = VIRQ_COUNT;

        /* The count doesn't say which; a guest ends the most urgent active interrupt first. */
        for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
            if ((state->irqs[i].flags & VIRQ_SPILLED) != 0 &&
                (best == VIRQ_COUNT || state->irqs[i].priority < state->irqs[best].priority))
                best = i;
        }
        if (best != VIRQ_COUNT)
            virq_set_active(state, best, false);
    }
}

/* The most urgent queued interrupt: lowest priority value, then lowest INTID. */
static uint32_t best_queued(const struct virq_state *state)
{
    uint32_t best = VIRQ_COUNT;

    for (uint32_t words = state->queued_words; words != 0; words &= words - 1) {
        uint32_t word = (uint32_t)__builtin_ctz(words);

        for (uint64_t bits = state->queued[word]; bits != 0; bits &= bits - 1) {
            uint32_t intid = word * 64 + (uint32_t)__builtin_ctzll(bits);

            if (best == VIRQ_COUNT || state->irqs[intid].priority < state->irqs[best].priority)
                best = intid;
        }
    }
    return best;
}

/* The least urgent LR in exactly `lr_state`, less urgent than `priority`; linked ones only if `hw`. */
static uint32_t worst_lr(const struct virq_state *state, uint32_t lr_state, uint32_t priority, bool hw)
{
    uint32_t worst = VIRQ_MAX_LRS;
    uint32_t worst_priority = priority;

    for (uint32_t i = 0; i < state->lr_count; i++) {
        uint32_t lr = state->lrs[i];
        uint32_t lr_priority = state->irqs[lr & VIRQ_LR_ID_MASK].priority;

        if ((lr & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) != lr_state || (!hw && (lr & VIRQ_LR_HW) != 0))
            continue;
        if (lr_priority > worst_priority) {
            worst = i;
            worst_priority = lr_priority;
        }
    }
    return worst;
}

/* An LR for an interrupt of `priority`, or VIRQ_MAX_LRS: a free one, else a less urgent pending one goes back
   to the queue, else a less urgent active one is kept in memory until its EOI is counted. */
static uint32_t find_lr(struct virq_state *state, uint32_t priority)
{
    uint32_t free_lrs = ~state->used & ((1u << state->lr_count) - 1);
    uint32_t index;

    if (free_lrs != 0)
        return (uint32_t)__builtin_ctz(free_lrs);
    index = worst_lr(state, VIRQ_LR_PENDING, priority, true);
    if (index != VIRQ_MAX_LRS) {
        uint32_t intid = state->lrs[index] & VIRQ_LR_ID_MASK;

        free_lr(state, index);
        refresh(state, intid);
        return index;
    }
    index = worst_lr(state, VIRQ_LR_ACTIVE, priority, false);
    if (index != VIRQ_MAX_LRS) {
        uint32_t intid = state->lrs[index] & VIRQ_LR_ID_MASK;

        free_lr(state, index);
        state->irqs[intid].flags |= VIRQ_SPILLED;
        state->spilled_count++;
        refresh(state, intid);
    }
    return index;
}

static void place(struct virq_state *state, uint32_t intid, uint32_t index)
{
    struct virq *irq = &state->irqs[intid];
    uint32_t lr = intid | (uint32_t)(irq->priority >> 3) << VIRQ_LR_PRIORITY_SHIFT;

    if ((irq->flags & VIRQ_HW) != 0) {
        lr |= VIRQ_LR_HW | (uint32_t)irq->physical << VIRQ_LR_PHYSICAL_SHIFT | VIRQ_LR_PENDING;
    } else {
        if (is_sgi(intid))
            lr |= (uint32_t)__builtin_ctz(irq->sources) << VIRQ_LR_PHYSICAL_SHIFT;
        lr |= pending_bits(irq, intid, lr);
    }
    irq->lr = (uint8_t)(index + 1);
    state->used |= 1u << index;
    state->lrs[index] = lr;
    state->dirty |= 1u << index;
    set_queued(state, intid, false);
}

uint32_t virq_fill(struct virq_state *state)
{
    uint32_t filled = 0;

    /* Each turn either fills an LR with something more urgent than what it held, or ends the loop. */
    while (state->queued_words != 0) {
        uint32_t intid = best_queued(state);
        uint32_t index = find_lr(state, state->irqs[intid].priority);

        if (index == VIRQ_MAX_LRS)
            break;
        place(state, intid, index);
        filled++;
    }
    state->starved = state->queued_words != 0;
    return filled;
}
