/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/virq.h"

#include <stddef.h>

#include "kernel/include/syscall.h"

#define PRIORITY_MASK 0xf8u /* an LR holds the upper five bits */

static bool is_sgi(uint32_t intid)
{
    return intid < VIRQ_SGI_COUNT;
}

static struct virq_word *word_of(struct virq_state *state, uint32_t intid)
{
    return &state->words[intid / 64];
}

static bool level_is_high(const struct virq_state *state, uint32_t intid)
{
    const struct virq_word *word = &state->words[intid / 64];

    return (word->level & word->line & virq_set_mask(intid)) != 0;
}

static bool is_raised(const struct virq_state *state, uint32_t intid)
{
    const struct virq_word *word = &state->words[intid / 64];

    if (is_sgi(intid)) {
        return state->sources[intid] != 0;
    }
    return ((word->latched | (word->level & word->line)) & virq_set_mask(intid)) != 0;
}

/* To be signalled while the distributor is on. */
static bool is_wanted(const struct virq_state *state, uint32_t intid)
{
    return (state->words[intid / 64].enabled & virq_set_mask(intid)) != 0 && !virq_is_held(state, intid) &&
           is_raised(state, intid);
}

static void write_lr(struct virq_state *state, uint32_t index, uint32_t value)
{
    if (state->lrs[index] == value) {
        return;
    }
    state->lrs[index] = value;
    state->dirty |= 1u << index;
}

static void free_lr(struct virq_state *state, uint32_t index)
{
    state->irqs[state->lrs[index] & VIRQ_LR_ID_MASK].lr = 0;
    write_lr(state, index, 0);
    state->used &= ~(1u << index);
}

static uint32_t lr_source(uint32_t lr)
{
    return (lr & VIRQ_LR_SOURCE_MASK) >> VIRQ_LR_PHYSICAL_SHIFT;
}

/* Pending and EOI bits that an active LR ought to have. */
static uint32_t active_bits(const struct virq_state *state, uint32_t intid, uint32_t lr, bool signalled)
{
    if (!signalled) {
        return virq_has_left(state, intid) ? VIRQ_LR_EOI : 0;
    }
    if (is_sgi(intid)) {
        uint32_t sources = state->sources[intid];
        uint32_t bits = (sources >> lr_source(lr) & 1) != 0 ? VIRQ_LR_PENDING : 0;

        return (sources & ~(1u << lr_source(lr))) != 0 ? bits | VIRQ_LR_EOI : bits;
    }
    /* A level stays active until its EOI, and only then is looked at again. */
    return (state->words[intid / 64].level & virq_set_mask(intid)) != 0 ? VIRQ_LR_EOI : VIRQ_LR_PENDING;
}

/* EOI bit that a pending LR ought to have: is there more to signal once this one is done? */
static uint32_t pending_bits(const struct virq_state *state, uint32_t intid, uint32_t lr)
{
    if (is_sgi(intid)) {
        return VIRQ_LR_PENDING | ((state->sources[intid] & ~(1u << lr_source(lr))) != 0 ? VIRQ_LR_EOI : 0);
    }
    return VIRQ_LR_PENDING | (level_is_high(state, intid) ? VIRQ_LR_EOI : 0);
}

/* Does the LR's pending bit still stand for something? For an SGI, for its very source. */
static bool lr_is_wanted(const struct virq_state *state, uint32_t intid, uint32_t lr, bool signalled)
{
    return signalled && (!is_sgi(intid) || (state->sources[intid] >> lr_source(lr) & 1) != 0);
}

static void refresh_lr(struct virq_state *state, uint32_t intid, bool signalled)
{
    uint32_t index = state->irqs[intid].lr - 1u;
    uint32_t lr = state->lrs[index];
    bool hw = (lr & VIRQ_LR_HW) != 0;
    bool active = (lr & VIRQ_LR_ACTIVE) != 0;
    uint32_t kept = lr & ~(VIRQ_LR_PENDING | (hw ? 0 : VIRQ_LR_EOI));

    /* A physical interrupt came in while a software one was under way: it needs an LR linked to it. */
    bool relink = !hw && virq_is_linked(state, intid);

    if (active && relink) {
        write_lr(state, index, kept | VIRQ_LR_EOI);
    } else if (active) {
        write_lr(state, index, hw ? kept : kept | active_bits(state, intid, lr, signalled));
    } else if (!relink && lr_is_wanted(state, intid, lr, signalled)) {
        write_lr(state, index, hw ? lr : kept | pending_bits(state, intid, lr));
    } else {
        free_lr(state, index);
    }
}

static bool is_spilled(const struct virq_state *state, uint32_t intid)
{
    return state->spilled_count != 0 && virq_set_has(&state->spilled, intid, state->irqs[intid].priority);
}

static void set_spilled(struct virq_state *state, uint32_t intid, bool spilled)
{
    if (is_spilled(state, intid) == spilled) {
        return;
    }
    if (spilled) {
        virq_set_add(&state->spilled, intid, state->irqs[intid].priority);
        state->spilled_count++;
    } else {
        virq_set_remove(&state->spilled, intid, state->irqs[intid].priority);
        state->spilled_count--;
    }
}

static bool is_active(const struct virq_state *state, uint32_t intid)
{
    const uint32_t lr = state->irqs[intid].lr;

    return is_spilled(state, intid) || (lr != 0 && (state->lrs[lr - 1u] & VIRQ_LR_ACTIVE) != 0);
}

/* `intid` is not active any more: who has it now may want to know. */
static void note_end(struct virq_state *state, uint32_t intid)
{
    struct virq_word *word = word_of(state, intid);

    word->ended |= word->left & virq_set_mask(intid);
}

/* Bring queue and LR of `intid` in line with its state. */
static void refresh(struct virq_state *state, uint32_t intid)
{
    const struct virq *irq = &state->irqs[intid];
    bool wanted = is_wanted(state, intid);

    if (irq->lr != 0) {
        refresh_lr(state, intid, wanted && state->enabled);
    }
    if (irq->lr != 0) {
        return; /* never queued as well */
    }
    if (wanted && !is_spilled(state, intid)) {
        virq_set_add(&state->queued, intid, irq->priority);
    } else {
        virq_set_remove(&state->queued, intid, irq->priority);
    }
}

void virq_init(struct virq_state *state, uint32_t lr_count)
{
    *state = (struct virq_state){.lrs_synced = true,
                                 .lr_count = lr_count < VIRQ_MAX_LRS ? lr_count : VIRQ_MAX_LRS};
}

void virq_clear(struct virq_state *state, void (*drop_hw)(void *context, uint32_t physical), void *context)
{
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        free_lr(state, (uint32_t)__builtin_ctz(used));
    }
    for (uint32_t i = 0; i < state->lr_count; i++) {
        write_lr(state, i, 0);
    }
    for (uint32_t i = 0; i < VIRQ_SGI_COUNT; i++) {
        state->sources[i] = 0;
    }
    virq_set_clear(&state->queued);
    virq_set_clear(&state->spilled);
    state->spilled_count = 0;
    state->need_maintenance = false;
    for (uint32_t i = 0; i < VIRQ_WORDS; i++) {
        struct virq_word *word = &state->words[i];
        uint64_t linked = word->linked;

        word->latched = 0;
        word->linked = 0;
        word->ended = word->left;
        /* Few: the board's interrupts that the guest owns, and the lines of its devices. */
        for (; linked != 0; linked &= linked - 1) {
            drop_hw(context, state->irqs[i * 64 + (uint32_t)__builtin_ctzll(linked)].physical);
        }
        for (uint64_t high = word->level & word->line; high != 0; high &= high - 1) {
            refresh(state, i * 64 + (uint32_t)__builtin_ctzll(high));
        }
    }
}

static void set_bit(uint64_t *bits, uint32_t intid, bool set)
{
    *bits = set ? *bits | virq_set_mask(intid) : *bits & ~virq_set_mask(intid);
}

static void set_priority(struct virq_state *state, uint32_t intid, uint8_t priority)
{
    struct virq *irq = &state->irqs[intid];
    bool spilled = is_spilled(state, intid);

    virq_set_remove(&state->queued, intid, irq->priority);
    set_spilled(state, intid, false);
    irq->priority = priority;
    set_spilled(state, intid, spilled);
}

/* A list register keeps its group until it is filled again, unless nothing was taken from it yet. */
static void set_group(struct virq_state *state, uint32_t intid, bool group1)
{
    const uint32_t lr = state->irqs[intid].lr;

    set_bit(&word_of(state, intid)->group1, intid, group1);
    if (lr != 0 && (state->lrs[lr - 1u] & VIRQ_LR_ACTIVE) == 0) {
        write_lr(state, lr - 1u, (state->lrs[lr - 1u] & ~VIRQ_LR_GROUP1) | (group1 ? VIRQ_LR_GROUP1 : 0));
    }
}

void virq_configure(struct virq_state *state, uint32_t intid, uint32_t flags, uint8_t priority)
{
    set_bit(&word_of(state, intid)->enabled, intid, (flags & SYSCALL_VIRQ_ENABLED) != 0);
    /* Who is configured has it: a VMM that was restarted in the middle of a move knows nothing of that. */
    if ((flags & SYSCALL_VIRQ_ENABLED) != 0) {
        set_bit(&word_of(state, intid)->away, intid, false);
    }
    set_bit(&word_of(state, intid)->level, intid, (flags & SYSCALL_VIRQ_LEVEL) != 0);
    set_group(state, intid, (flags & SYSCALL_VIRQ_GROUP1) != 0);
    set_priority(state, intid, priority & PRIORITY_MASK);
    refresh(state, intid);
}

void virq_enable(struct virq_state *state, bool enabled)
{
    if (state->enabled == enabled) {
        return;
    }
    state->enabled = enabled;
    /* What is queued stays so; it is looked at while the distributor is on. */
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        refresh(state, state->lrs[__builtin_ctz(used)] & VIRQ_LR_ID_MASK);
    }
}

void virq_pend(struct virq_state *state, uint32_t intid, uint32_t source)
{
    if (is_sgi(intid)) {
        state->sources[intid] |= (uint8_t)(1u << (source & 7));
    } else {
        word_of(state, intid)->latched |= virq_set_mask(intid);
    }
    refresh(state, intid);
}

void virq_unpend(struct virq_state *state, uint32_t intid, uint8_t sources)
{
    /* A linked one stays: only the guest's EOI or virq_clear() may end the physical interrupt. */
    if (!virq_is_linked(state, intid)) {
        word_of(state, intid)->latched &= ~virq_set_mask(intid);
    }
    if (is_sgi(intid)) {
        state->sources[intid] &= (uint8_t)~sources;
    }
    refresh(state, intid);
}

void virq_set_line(struct virq_state *state, uint32_t intid, bool high)
{
    struct virq_word *word = word_of(state, intid);

    if (is_sgi(intid)) {
        return;
    }
    /* An edge-triggered input latches the rising edge. */
    if (high && ((word->level | word->line) & virq_set_mask(intid)) == 0) {
        word->latched |= virq_set_mask(intid);
    }
    set_bit(&word->line, intid, high);
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
            if ((lr & VIRQ_LR_HW) != 0) {
                word_of(state, intid)->latched &= ~virq_set_mask(intid);
            }
            write_lr(state, index, (lr & ~VIRQ_LR_PENDING) | VIRQ_LR_ACTIVE);
        } else if (!active && (lr & VIRQ_LR_ACTIVE) != 0) {
            drop = (lr & VIRQ_LR_HW) != 0;
            if (drop) {
                word_of(state, intid)->linked &= ~virq_set_mask(intid);
            }
            free_lr(state, index);
        }
    } else {
        set_spilled(state, intid, active);
    }
    if (!active) {
        note_end(state, intid);
    }
    refresh(state, intid);
    return drop;
}

void virq_pend_hw(struct virq_state *state, uint32_t intid, uint32_t physical)
{
    struct virq_word *word = word_of(state, intid);

    word->latched |= virq_set_mask(intid);
    word->linked |= virq_set_mask(intid);
    state->irqs[intid].physical = (uint16_t)physical;
    refresh(state, intid);
}

bool virq_withdraw_hw(struct virq_state *state, uint32_t intid)
{
    struct virq_word *word = word_of(state, intid);
    const uint32_t lr = state->irqs[intid].lr;

    if ((word->linked & word->latched & virq_set_mask(intid)) == 0) {
        return false;
    }
    if (lr != 0 && (~state->lrs[lr - 1u] & (VIRQ_LR_HW | VIRQ_LR_ACTIVE)) == 0) {
        return false;
    }
    word->linked &= ~virq_set_mask(intid);
    word->latched &= ~virq_set_mask(intid);
    /* What is pending still, because its line is high, is pending without the link. */
    if (lr != 0 && (state->lrs[lr - 1u] & VIRQ_LR_HW) != 0) {
        free_lr(state, lr - 1u);
    }
    refresh(state, intid);
    return true;
}

/* Take `bits` out of one word and into another one. */
static void carry(uint64_t *from, uint64_t *to, uint64_t bits)
{
    *to |= *from & bits;
    *from &= ~bits;
}

void virq_move(struct virq_state *from, struct virq_state *to, uint32_t intid)
{
    struct virq_word *old = word_of(from, intid);
    struct virq_word *new = word_of(to, intid);
    const struct virq *irq = &from->irqs[intid];
    const uint64_t bit = virq_set_mask(intid);
    const bool active = is_active(from, intid);
    /* The physical interrupt that an active LR is linked to ends with it. */
    const bool ends_here = active && irq->lr != 0 && (from->lrs[irq->lr - 1u] & VIRQ_LR_HW) != 0;

    set_priority(to, intid, irq->priority);
    carry(&old->enabled, &new->enabled, bit);
    carry(&old->level, &new->level, bit);
    carry(&old->group1, &new->group1, bit);
    carry(&old->line, &new->line, bit);
    carry(&old->latched, &new->latched, bit);
    carry(&old->held, &new->held, bit);
    if (virq_is_linked(from, intid) && !ends_here) {
        to->irqs[intid].physical = irq->physical;
        carry(&old->linked, &new->linked, bit);
    }
    if ((new->left &bit) != 0) {
        /* It comes back to where it is active. */
        new->left &= ~bit;
        new->ended &= ~bit;
        new->held &= ~bit;
        to->left_count--;
    }
    if (active) {
        from->left_count += (old->left & bit) == 0;
        old->left |= bit;
        new->held |= bit;
    }
    refresh(from, intid);
    refresh(to, intid);
}

bool virq_take_ended(struct virq_state *state, uint32_t *intid)
{
    for (uint32_t i = 0; i < VIRQ_WORDS && state->left_count != 0; i++) {
        struct virq_word *word = &state->words[i];

        const uint64_t ended = word->ended & ~word->moving;
        if (ended == 0) {
            continue;
        }
        *intid = i * 64 + (uint32_t)__builtin_ctzll(ended);
        word->ended &= ~virq_set_mask(*intid);
        word->left &= ~virq_set_mask(*intid);
        state->left_count--;
        return true;
    }
    return false;
}

bool virq_release(struct virq_state *state, uint32_t intid)
{
    struct virq_word *word = word_of(state, intid);
    const bool held = virq_is_held(state, intid);

    word->held &= ~virq_set_mask(intid);
    refresh(state, intid);
    return held;
}

uint32_t virq_get(const struct virq_state *state, uint32_t intid)
{
    uint32_t bits = is_sgi(intid) ? (uint32_t)state->sources[intid] << SYSCALL_VIRQ_SOURCES_SHIFT : 0;

    if (is_raised(state, intid)) {
        bits |= SYSCALL_VIRQ_IS_PENDING;
    }
    if (virq_is_held(state, intid) || is_active(state, intid)) {
        bits |= SYSCALL_VIRQ_IS_ACTIVE;
    }
    return bits;
}

/* The guest acknowledged what the LR's pending bit stood for. */
static void consume(struct virq_state *state, uint32_t intid, uint32_t lr)
{
    if (is_sgi(intid)) {
        state->sources[intid] &= (uint8_t) ~(1u << lr_source(lr));
    } else {
        word_of(state, intid)->latched &= ~virq_set_mask(intid);
    }
}

void virq_fold(struct virq_state *state, uint32_t index, uint32_t value)
{
    uint32_t old = state->lrs[index];
    uint32_t intid = old & VIRQ_LR_ID_MASK;

    if ((state->used >> index & 1) == 0) {
        return;
    }
    if ((old & VIRQ_LR_PENDING) != 0 && (value & VIRQ_LR_PENDING) == 0) {
        consume(state, intid, old);
    }
    if ((value & VIRQ_LR_ACTIVE) == 0) {
        note_end(state, intid); /* it may be pending again */
    }
    if ((value & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) == 0) {
        if ((old & VIRQ_LR_HW) != 0) {
            word_of(state, intid)->linked &= ~virq_set_mask(intid);
        }
        state->irqs[intid].lr = 0;
        state->used &= ~(1u << index);
        state->lrs[index] = value;
        /* The EOI status of an LR lasts until the LR is rewritten, and with it the maintenance interrupt. */
        if ((old & VIRQ_LR_EOI) != 0) {
            write_lr(state, index, 0);
        }
    } else {
        state->lrs[index] = value;
    }
    refresh(state, intid);
}

void virq_fold_eois(struct virq_state *state, uint32_t count)
{
    /* The count doesn't say which; a guest ends the most urgent active interrupt first. */
    for (; count > 0 && state->spilled_count > 0; count--) {
        (void)virq_set_active(state, virq_set_first(&state->spilled), false);
    }
}

/* The least urgent LR in exactly `lr_state`, less urgent than `priority`; linked ones only if `hw`. */
static uint32_t worst_lr(const struct virq_state *state, uint32_t lr_state, uint32_t priority, bool hw)
{
    uint32_t worst = VIRQ_MAX_LRS;
    uint32_t worst_priority = priority;

    for (uint32_t i = 0; i < state->lr_count; i++) {
        uint32_t lr = state->lrs[i];
        uint32_t lr_priority = state->irqs[lr & VIRQ_LR_ID_MASK].priority;

        if ((lr & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) != lr_state || (!hw && (lr & VIRQ_LR_HW) != 0)) {
            continue;
        }
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

    if (free_lrs != 0) {
        return (uint32_t)__builtin_ctz(free_lrs);
    }
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
        set_spilled(state, intid, true);
        refresh(state, intid);
    }
    return index;
}

static void place(struct virq_state *state, uint32_t intid, uint32_t index)
{
    struct virq *irq = &state->irqs[intid];
    uint32_t lr = intid | (uint32_t)(irq->priority >> VIRQ_PRIORITY_SHIFT) << VIRQ_LR_PRIORITY_SHIFT;

    lr |= virq_is_group1(state, intid) ? VIRQ_LR_GROUP1 : 0;
    if (virq_is_linked(state, intid)) {
        lr |= VIRQ_LR_HW | (uint32_t)irq->physical << VIRQ_LR_PHYSICAL_SHIFT | VIRQ_LR_PENDING;
    } else {
        if (is_sgi(intid)) {
            lr |= (uint32_t)__builtin_ctz(state->sources[intid]) << VIRQ_LR_PHYSICAL_SHIFT;
        }
        lr |= pending_bits(state, intid, lr);
    }
    irq->lr = (uint8_t)(index + 1);
    state->used |= 1u << index;
    state->lrs[index] = lr;
    state->dirty |= 1u << index;
    virq_set_remove(&state->queued, intid, irq->priority);
}

uint32_t virq_fill(struct virq_state *state)
{
    uint32_t filled = 0;

    /* Each turn either fills an LR with something more urgent than what it held, or ends the loop. */
    while (virq_has_queued(state)) {
        uint32_t intid = virq_set_first(&state->queued);
        uint32_t index = find_lr(state, state->irqs[intid].priority);

        if (index == VIRQ_MAX_LRS) {
            break;
        }
        place(state, intid, index);
        filled++;
    }
    state->need_maintenance = virq_has_queued(state);
    return filled;
}
