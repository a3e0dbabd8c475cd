/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts: any state that satisfies the invariant, one event; the invariant holds afterwards.
 * virq_init() establishes it, so that is induction over any number of events.
 *
 * @contract No interrupt is lost: what is to be signalled is in a list register or queued, or is looked at
 * again when what is active ends; a latch or an SGI's source stays until it is acknowledged; the most urgent
 * are in list registers.
 * @bound 4 interrupts (one of them an SGI) of 2 priorities, 2 list registers
 *
 * @with
 * kernel/core/virq.h
 * - #define VIRQ_COUNT 1020u
 * - #define VIRQ_SGI_COUNT 16u
 * + #define VIRQ_COUNT 4u
 * + #define VIRQ_SGI_COUNT 1u
 * @with
 * kernel/core/virq.h
 * - #define VIRQ_MAX_LRS 16u
 * + #define VIRQ_MAX_LRS 2u
 * @with
 * kernel/core/virq.h
 * - #define VIRQ_WORDS ((VIRQ_COUNT + 63u) / 64u)
 * + #define VIRQ_WORDS 1u
 * @with
 * kernel/core/virq.c
 * - _Static_assert(VIRQ_WORDS % 4 == 0, "clear_row() takes four words a turn");
 * @with
 * kernel/core/virq.c
 * -     for (uint32_t i = 0; i < VIRQ_WORDS; i += 4) {
 * -         row->bits[i] = 0;
 * -         row->bits[i + 1] = 0;
 * -         row->bits[i + 2] = 0;
 * -         row->bits[i + 3] = 0;
 * -     }
 * +     for (uint32_t i = 0; i < VIRQ_WORDS; i++) {
 * +         row->bits[i] = 0;
 * +     }
 * @with
 * kernel/core/virq.h
 * - #define VIRQ_PRIORITIES 32u
 * + #define VIRQ_PRIORITIES 2u
 * @with
 * kernel/core/virq.c
 * - #define PRIORITY_MASK 0xf8u
 * + #define PRIORITY_MASK 0x08u
 *
 * @run prove_init --unwind 6
 * @defect prove_init: the invariant holds
 * kernel/core/virq.c
 * -         (struct virq_state){.fresh = true, .lr_count
 * +         (struct virq_state){.fresh = true, .used = 1, .lr_count
 *
 * @run prove_configure --unwind 6
 * @defect prove_configure: the invariant holds
 * kernel/core/virq.c
 * -     set_remove(&state->queued, intid, irq->priority);
 * -     set_spilled(state, intid, false);
 * +     set_spilled(state, intid, false);
 *
 * @run prove_pend --unwind 6
 * @defect prove_pend: the invariant holds
 * kernel/core/virq.c
 * -         word_of(state, intid)->latched |= mask(intid);
 * -     refresh(state, intid);
 * - }
 * -
 * - void virq_unpend
 * +         word_of(state, intid)->latched |= mask(intid);
 * + }
 * +
 * + void virq_unpend
 *
 * @run prove_line --unwind 6
 * @defect prove_line: the invariant holds
 * kernel/core/virq.c
 * -     if (is_sgi(intid))
 * -         return;
 * -     /[*] An edge
 * +     /[*] An edge
 *
 * @run prove_active --unwind 6
 * @defect prove_active: a latch stays until acknowledged
 * kernel/core/virq.c
 * -             if ((lr & VIRQ_LR_HW) != 0)
 * -                 word_of(state, intid)->latched &= ~mask(intid);
 * +             word_of(state, intid)->latched &= ~mask(intid);
 *
 * @run prove_enable --unwind 6
 * @defect prove_enable: the invariant holds
 * kernel/core/virq.c
 * -     for (uint32_t used = state->used; used != 0; used &= used - 1)
 * -         refresh(state, state->lrs
 * +     for (uint32_t used = state->used & 1; used != 0; used &= used - 1)
 * +         refresh(state, state->lrs
 *
 * @run prove_fold --unwind 6
 * @defect prove_fold: exactly the source that was acknowledged ends
 * kernel/core/virq.c
 * -         state->sources[intid] &= (uint8_t) ~(1u << lr_source(lr));
 * +         state->sources[intid] = 0;
 *
 * @run prove_eois --unwind 6
 * @defect prove_eois: the most urgent active one ends
 * kernel/core/virq.c
 * -     const struct virq_row *row = &set->rows[__builtin_ctz(set->priorities)];
 * +     const struct virq_row *row = &set->rows[31 - __builtin_clz(set->priorities)];
 *
 * @run prove_fill --unwind 6
 * @defect prove_fill: no less urgent one is in a list register
 * kernel/core/virq.c
 * -     index = worst_lr(state, VIRQ_LR_PENDING, priority, true);
 * +     index = worst_lr(state, VIRQ_LR_PENDING, priority, false);
 *
 * @run prove_clear --unwind 6
 * @defect prove_clear: every linked one is dropped
 * kernel/core/virq.c
 * -         word->latched = 0;
 * -         word->linked = 0;
 * -         /[*] Few
 * +         word->latched = 0;
 * +         word->linked = linked = 0;
 * +         /[*] Few
 */
#include "proofs/cbmc.h"

#include "kernel/core/virq.c"

struct virq_state nondet_state(void);

static struct virq_state s, before;
static uint32_t k; /* any interrupt, which is looked at besides that of the event */

static bool has(uint64_t bits, uint32_t number)
{
    return (bits >> number & 1) != 0;
}

/* A set's summaries agree with its bits, and no interrupt is in another row than its priority's. */
static bool set_is_sound(const struct virq_set *set)
{
    bool sound = set->priorities >> VIRQ_PRIORITIES == 0;

    for (uint32_t p = 0; p < VIRQ_PRIORITIES; p++) {
        const struct virq_row *row = &set->rows[p];

        sound = sound && row->bits[0] >> VIRQ_COUNT == 0 && row->words == (row->bits[0] != 0 ? 1u : 0u) &&
                (set->priorities >> p & 1) == row->words;
        for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
            sound = sound && ((row->bits[0] >> i & 1) == 0 || s.irqs[i].priority >> PRIORITY_SHIFT == p);
        }
    }
    return sound;
}

/* In any row, of which set_is_sound() says that it is the right one. */
static bool set_holds(const struct virq_set *set, uint32_t i)
{
    return has(set->rows[0].bits[0] | set->rows[1].bits[0], i);
}

/* The list register of `i` agrees with its state. */
static bool own_lr_is_sound(uint32_t i, uint32_t lr, bool signalled)
{
    const bool pending = (lr & VIRQ_LR_PENDING) != 0;
    const bool linked = is_linked(&s, i);
    const bool wanted = lr_is_wanted(&s, i, lr, signalled);

    /* A pending bit stands for something; and what is to be signalled shows, or its end makes us look. */
    return (lr & VIRQ_LR_ID_MASK) == i && ((lr & VIRQ_LR_HW) == 0 || linked) && (!pending || wanted) &&
           (!signalled || pending || (lr & (VIRQ_LR_EOI | VIRQ_LR_HW)) != 0);
}

static bool irq_is_sound(uint32_t i)
{
    const struct virq_word *word = &s.words[0];
    const struct virq *irq = &s.irqs[i];
    const bool queued = set_holds(&s.queued, i), spilled = set_holds(&s.spilled, i),
               wanted = is_wanted(&s, i);
    const uint32_t n = irq->lr == 0 ? 0 : (irq->lr - 1u) % VIRQ_MAX_LRS;
    const bool agrees = own_lr_is_sound(i, s.lrs[n], wanted && s.enabled);
    const bool has_line = has(word->latched | word->line | word->linked, i);

    return irq->lr <= VIRQ_MAX_LRS && (irq->priority & ~PRIORITY_MASK) == 0 && irq->physical < 1020 &&
           (i >= VIRQ_SGI_COUNT || !has_line) && queued == (wanted && irq->lr == 0 && !spilled) &&
           (irq->lr == 0 || (!spilled && (s.used >> n & 1) != 0 && agrees));
}

static bool lr_is_sound(uint32_t n)
{
    const uint32_t lr = s.lrs[n], state = lr & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE);
    const uint32_t id = lr & VIRQ_LR_ID_MASK;

    return (s.used >> n & 1) == 0 ? state == 0
                                  : state != 0 && id < VIRQ_COUNT && s.irqs[id % VIRQ_COUNT].lr == n + 1;
}

static bool is_sound(void)
{
    const struct virq_word *word = &s.words[0];
    bool sound = s.lr_count == VIRQ_MAX_LRS && s.used >> VIRQ_MAX_LRS == 0 && s.dirty >> VIRQ_MAX_LRS == 0 &&
                 (word->enabled | word->level | word->line | word->latched | word->linked) >> VIRQ_COUNT == 0;
    const bool queued = set_is_sound(&s.queued), spilled = set_is_sound(&s.spilled);
    uint32_t count = 0;

    sound = sound && queued && spilled;
    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        const bool irq = irq_is_sound(i);

        sound = sound && irq;
        count += set_holds(&s.spilled, i);
    }
    for (uint32_t n = 0; n < VIRQ_MAX_LRS; n++) {
        const bool lr = lr_is_sound(n);

        sound = sound && lr;
    }
    return sound && count == s.spilled_count;
}

/* Any state, and any interrupt. */
static uint32_t make(void)
{
    const uint32_t intid = nondet_u32();

    s = nondet_state();
    s.enabled = nondet_bool();
    s.fresh = nondet_bool();
    s.starved = nondet_bool();
    k = nondet_u32();
    ASSUME(intid < VIRQ_COUNT && k < VIRQ_COUNT);
    ASSUME(is_sound());
    before = s;
    return intid;
}

/* The invariant, and that what the event did not end stays: `ends` is the interrupt whose pending state may
 * end. */
static void check(bool ends)
{
    PROVE(is_sound(), "the invariant holds");
    PROVE(ends || !has(before.words[0].latched, k) || has(s.words[0].latched, k),
          "a latch stays until acknowledged");
    PROVE(ends || !is_sgi(k) || (before.sources[k] & ~s.sources[k]) == 0,
          "an SGI's source stays until acknowledged");
}

/* What is in the hardware is what is here. */
static void check_dirty(void)
{
    for (uint32_t n = 0; n < VIRQ_MAX_LRS; n++) {
        PROVE(s.lrs[n] == before.lrs[n] || has(s.dirty, n), "a list register that changed is written");
    }
}

void prove_init(uint32_t lr_count)
{
    s = nondet_state();
    ASSUME(lr_count >= VIRQ_MAX_LRS);
    virq_init(&s, lr_count);
    PROVE(is_sound(), "the invariant holds");
}

void prove_configure(uint32_t flags, uint8_t priority)
{
    virq_configure(&s, make(), flags, priority);
    check(false);
    check_dirty();
}

void prove_pend(uint32_t source)
{
    const uint32_t intid = make();

    if (nondet_bool()) {
        virq_pend(&s, intid, source);
        check(false);
    } else {
        virq_unpend(&s, intid);
        check(k == intid);
    }
    check_dirty();
}

void prove_line(bool high)
{
    virq_set_line(&s, make(), high);
    check(false);
    check_dirty();
}

void prove_active(bool active, uint32_t physical)
{
    const uint32_t intid = make();

    if (nondet_bool()) {
        ASSUME(!is_sgi(intid) && physical < 1020);
        virq_pend_hw(&s, intid, physical);
        check(false);
    } else {
        const bool was_linked = is_linked(&s, intid);
        const bool drop = virq_set_active(&s, intid, active);

        PROVE(!drop || (was_linked && !is_linked(&s, intid)), "only a linked one is dropped");
        check(k == intid && active && was_linked);
    }
    check_dirty();
}

void prove_enable(bool enabled)
{
    (void)make();
    virq_enable(&s, enabled);
    check(false);
    check_dirty();
}

/* What a guest can have made of an LR since it was written (GICv2 5.3.6): an acknowledgement makes pending
   active, an end makes active inactive; the rest of the register stays. */
static uint32_t guest_step(uint32_t lr)
{
    for (uint32_t turn = 0; turn < 2; turn++) {
        if (nondet_bool() && (lr & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) == VIRQ_LR_PENDING) {
            lr = (lr & ~VIRQ_LR_PENDING) | VIRQ_LR_ACTIVE;
        }
        if (nondet_bool()) {
            lr &= ~VIRQ_LR_ACTIVE;
        }
    }
    return lr;
}

void prove_fold(uint32_t n)
{
    (void)make();
    ASSUME(n < VIRQ_MAX_LRS && has(s.used, n));
    const uint32_t lr = s.lrs[n];
    const uint32_t value = guest_step(lr);
    const bool acknowledged = (lr & VIRQ_LR_PENDING) != 0 && (value & VIRQ_LR_PENDING) == 0;
    const uint8_t source = (uint8_t)(1u << lr_source(lr));

    virq_fold(&s, n, value);
    check(k == (lr & VIRQ_LR_ID_MASK) && acknowledged);
    if (is_sgi(k) && k == (lr & VIRQ_LR_ID_MASK) && acknowledged) {
        PROVE((before.sources[k] & ~s.sources[k]) == source, "exactly the source that was acknowledged ends");
    }
}

void prove_eois(void)
{
    (void)make();
    virq_fold_eois(&s, 1);
    check(false);
    check_dirty();
    if (set_holds(&before.spilled, k) && set_holds(&s.spilled, k)) {
        const uint32_t ended = nondet_u32();

        ASSUME(ended < VIRQ_COUNT && set_holds(&before.spilled, ended) && !set_holds(&s.spilled, ended));
        PROVE(before.irqs[ended].priority <= before.irqs[k].priority, "the most urgent active one ends");
    }
}

void prove_fill(void)
{
    (void)make();
    (void)virq_fill(&s);
    check(false);
    PROVE(s.starved == virq_has_queued(&s), "maintenance is asked for what waits");
    if (!s.enabled || !set_holds(&s.queued, k)) {
        return;
    }
    for (uint32_t n = 0; n < VIRQ_MAX_LRS; n++) {
        const uint32_t lr = s.lrs[n];

        PROVE(has(s.used, n) &&
                  ((lr & VIRQ_LR_ACTIVE) != 0 || s.irqs[lr & VIRQ_LR_ID_MASK].priority <= s.irqs[k].priority),
              "no less urgent one is in a list register");
    }
}

static bool k_dropped;

static void drop(void *context, uint32_t physical)
{
    (void)context;
    k_dropped |= physical == s.irqs[k].physical;
}

void prove_clear(void)
{
    (void)make();
    virq_clear(&s, drop, NULL);
    PROVE(is_sound(), "the invariant holds");
    PROVE(s.used == 0 && s.spilled_count == 0, "nothing is active");
    PROVE(!is_linked(&before, k) || k_dropped, "every linked one is dropped");
    PROVE((s.words[0].level ^ before.words[0].level) == 0 && (s.words[0].line ^ before.words[0].line) == 0 &&
              (s.words[0].enabled ^ before.words[0].enabled) == 0,
          "configuration and lines stay");
    check_dirty();
}
