/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual interrupts: any state that satisfies the invariant, one event; the invariant holds afterwards.
 * virq_init() establishes it, so that is induction over any number of events.
 *
 * @contract No interrupt is lost: what must be signalled is in a list register or queued, or is looked at
 * again when what is active ends, here or on the vCPU that had it before; a latch or an SGI's source stays
 * until it is acknowledged, also if the interrupt moves to another vCPU; the most urgent are in list
 * registers.
 * @bound 3 interrupts (one of them an SGI) of 2 priorities, 2 list registers
 *
 * @with
 * kernel/core/virq_set.h
 * - #define VIRQ_COUNT 1020u
 * + #define VIRQ_COUNT 3u
 * @with
 * kernel/core/virq_set.h
 * - #define VIRQ_WORDS ((VIRQ_COUNT + 63u) / 64u)
 * + #define VIRQ_WORDS 1u
 * @with
 * kernel/core/virq_set.h
 * - #define VIRQ_PRIORITIES 32u
 * + #define VIRQ_PRIORITIES 2u
 * @with
 * kernel/core/virq_set.h
 * - _Static_assert(VIRQ_WORDS % 4 == 0, "virq_set_clear_row() takes four words a turn");
 * @with
 * kernel/core/virq_set.h
 * -     for (uint32_t i = 0; i < VIRQ_WORDS; i += 4) {
 * -         row->bits[i] = 0;
 * -         row->bits[i + 1] = 0;
 * -         row->bits[i + 2] = 0;
 * -         row->bits[i + 3] = 0;
 * -     }
 * +     row->bits[0] = 0;
 * @with
 * kernel/core/virq.h
 * - #define VIRQ_SGI_COUNT 16u
 * + #define VIRQ_SGI_COUNT 1u
 * @with
 * kernel/core/virq.h
 * - #define VIRQ_MAX_LRS 16u
 * + #define VIRQ_MAX_LRS 2u
 * @with
 * kernel/core/virq.c
 * - #define PRIORITY_MASK 0xf8u
 * + #define PRIORITY_MASK 0x08u
 *
 * @run prove_init --unwind 5
 * @defect prove_init: the invariant holds
 * kernel/core/virq.c
 * -     *state = (struct virq_state){.lrs_synced = true,
 * +     *state = (struct virq_state){.lrs_synced = true, .used = 1,
 *
 * @run prove_configure --unwind 5
 * @defect prove_configure: the invariant holds
 * kernel/core/virq.c
 * -     virq_set_remove(&state->queued, intid, irq->priority);
 * -     set_spilled(state, intid, false);
 * +     set_spilled(state, intid, false);
 *
 * @run prove_pend --unwind 5
 * @defect prove_pend: the invariant holds
 * kernel/core/virq.c
 * -         word_of(state, intid)->latched |= virq_set_mask(intid);
 * -     }
 * -     refresh(state, intid);
 * - }
 * -
 * - void virq_unpend
 * +         word_of(state, intid)->latched |= virq_set_mask(intid);
 * +     }
 * + }
 * +
 * + void virq_unpend
 *
 * @run prove_unpend --unwind 5
 * @defect prove_unpend: a linked one stays
 * kernel/core/virq.c
 * -     if (!virq_is_linked(state, intid)) {
 * -         word_of(state, intid)->latched
 * +     if (true) {
 * +         word_of(state, intid)->latched
 *
 * @run prove_line --unwind 5
 * @defect prove_line: the invariant holds
 * kernel/core/virq.c
 * -     if (is_sgi(intid)) {
 * -         return;
 * -     }
 * -     /[*] An edge
 * +     /[*] An edge
 *
 * @run prove_active --unwind 5
 * @defect prove_active: a latch stays until acknowledged
 * kernel/core/virq.c
 * -             if ((lr & VIRQ_LR_HW) != 0) {
 * -                 word_of(state, intid)->latched &= ~virq_set_mask(intid);
 * +             if (true) {
 * +                 word_of(state, intid)->latched &= ~virq_set_mask(intid);
 *
 * @run prove_hw --unwind 5
 * @defect prove_hw: who has been taken is not taken back
 * kernel/core/virq.c
 * -     if (lr != 0 && (~state->lrs[lr - 1u] & (VIRQ_LR_HW | VIRQ_LR_ACTIVE)) == 0) {
 * +     if (false) {
 *
 * @run prove_enable --unwind 5
 * @defect prove_enable: the invariant holds
 * kernel/core/virq.c
 * -     for (uint32_t used = state->used; used != 0; used &= used - 1) {
 * -         refresh(state, state->lrs
 * +     for (uint32_t used = state->used & 1; used != 0; used &= used - 1) {
 * +         refresh(state, state->lrs
 *
 * @run prove_fold --unwind 5
 * @defect prove_fold: exactly the source that was acknowledged ends
 * kernel/core/virq.c
 * -         state->sources[intid] &= (uint8_t) ~(1u << lr_source(lr));
 * +         state->sources[intid] = 0;
 * @defect prove_fold: the invariant holds
 * kernel/core/virq.c
 * -         note_end(state, intid); /[*] it may be pending again *[/]
 *
 * @run prove_eois --unwind 5
 * @defect prove_eois: the most urgent active one ends
 * kernel/core/virq_set.h
 * -     const struct virq_row *row = &set->rows[__builtin_ctz(set->priorities)];
 * +     const struct virq_row *row = &set->rows[31 - __builtin_clz(set->priorities)];
 *
 * @run prove_fill --unwind 5
 * @with prove_fill
 * kernel/core/virq.c
 * -     while (virq_has_queued(state)) {
 * +     for (uint32_t turn = 0; turn < 1 && virq_has_queued(state); turn++) {
 * @defect prove_fill: no less urgent one is in a list register
 * kernel/core/virq.c
 * -     index = worst_lr(state, VIRQ_LR_PENDING, priority, true);
 * +     index = worst_lr(state, VIRQ_LR_PENDING, priority, false);
 *
 * @run prove_clear --unwind 5
 * @defect prove_clear: every linked one is dropped
 * kernel/core/virq.c
 * -         word->latched = 0;
 * -         word->linked = 0;
 * -         word->ended = word->left;
 * +         word->latched = 0;
 * +         word->linked = linked = 0;
 * +         word->ended = word->left;
 *
 * @run prove_move --unwind 5
 * @defect prove_move: what was pending is pending where it went
 * kernel/core/virq.c
 * -     carry(&old->latched, &new->latched, bit);
 * +     old->latched &= ~bit;
 * @defect prove_move: what is active stays, and holds it back where it went
 * kernel/core/virq.c
 * -         old->left |= bit;
 * -         new->held |= bit;
 * +         old->left |= bit;
 *
 * @run prove_release --unwind 5
 * @defect prove_release: the invariant holds
 * kernel/core/virq.c
 * -     word->held &= ~virq_set_mask(intid);
 * -     refresh(state, intid);
 * -     return held;
 * +     word->held &= ~virq_set_mask(intid);
 * +     return held;
 * @defect prove_release: who is active no more is told of
 * kernel/core/virq.c
 * -         if (ended == 0) {
 * +         if (ended == 0 || state->spilled_count != 0) {
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

/* What a list register says: all that is known here of its format. */
static uint32_t lr_intid(uint32_t lr)
{
    return lr & VIRQ_LR_ID_MASK;
}

static bool lr_is_pending(uint32_t lr)
{
    return (lr & VIRQ_LR_PENDING) != 0;
}

static bool lr_is_active(uint32_t lr)
{
    return (lr & VIRQ_LR_ACTIVE) != 0;
}

static bool lr_is_linked(uint32_t lr)
{
    return (lr & VIRQ_LR_HW) != 0;
}

/* When it is over, a maintenance interrupt or the end of the physical one makes the kernel look. */
static bool lr_end_is_seen(uint32_t lr)
{
    return (lr & (VIRQ_LR_EOI | VIRQ_LR_HW)) != 0;
}

/* A set's summaries agree with its bits, and no interrupt is in another row than its priority's. */
static bool set_is_sound(const struct virq_state *state, const struct virq_set *set)
{
    bool sound = set->priorities >> VIRQ_PRIORITIES == 0;

    for (uint32_t p = 0; p < VIRQ_PRIORITIES; p++) {
        const struct virq_row *row = &set->rows[p];

        sound = sound && row->bits[0] >> VIRQ_COUNT == 0 && row->words == (row->bits[0] != 0 ? 1u : 0u) &&
                (set->priorities >> p & 1) == row->words;
        for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
            sound = sound && (!has(row->bits[0], i) || state->irqs[i].priority >> VIRQ_PRIORITY_SHIFT == p);
        }
    }
    return sound;
}

/* In any row, of which set_is_sound() says that it is the right one. */
static bool set_holds(const struct virq_set *set, uint32_t i)
{
    return has(set->rows[0].bits[0] | set->rows[1].bits[0], i);
}

static bool active(const struct virq_state *state, uint32_t i)
{
    const uint32_t lr = state->irqs[i].lr;
    const bool shown = lr != 0 && lr_is_active(state->lrs[(lr - 1u) % VIRQ_MAX_LRS]);

    return shown || set_holds(&state->spilled, i);
}

/* Must be signalled: enabled, pending or its line high, and not active on the vCPU that had it before. */
static bool wanted(const struct virq_state *state, uint32_t i)
{
    const struct virq_word *word = &state->words[0];
    const bool raised = i < VIRQ_SGI_COUNT ? state->sources[i % VIRQ_SGI_COUNT] != 0
                                           : has(word->latched | (word->level & word->line), i);

    return raised && has(word->enabled & ~word->held, i);
}

/* The list register of `i` agrees with its state. */
static bool own_lr_is_sound(const struct virq_state *state, uint32_t i, uint32_t lr)
{
    const bool signalled = state->enabled && wanted(state, i);
    const bool linked = has(state->words[0].linked, i);
    const bool stands_for = lr_is_wanted(state, i, lr, signalled);

    /* A pending bit stands for something; and what must be signalled shows, or its end makes us look. */
    return lr_intid(lr) == i && (!lr_is_linked(lr) || linked) && (!lr_is_pending(lr) || stands_for) &&
           (!signalled || lr_is_pending(lr) || lr_end_is_seen(lr));
}

static bool irq_is_sound(const struct virq_state *state, uint32_t i)
{
    const struct virq_word *word = &state->words[0];
    const struct virq *irq = &state->irqs[i];
    const bool queued = set_holds(&state->queued, i), spilled = set_holds(&state->spilled, i);
    const bool is_wanted_now = wanted(state, i), is_active_now = active(state, i);
    const uint32_t n = irq->lr == 0 ? 0 : (irq->lr - 1u) % VIRQ_MAX_LRS;
    const bool agrees = own_lr_is_sound(state, i, state->lrs[n]);
    const bool has_line = has(word->latched | word->line | word->linked, i);

    return irq->lr <= VIRQ_MAX_LRS && (irq->priority & ~PRIORITY_MASK) == 0 && irq->physical < 1020 &&
           (i >= VIRQ_SGI_COUNT || !has_line) && queued == (is_wanted_now && irq->lr == 0 && !spilled) &&
           (irq->lr == 0 || (!spilled && has(state->used, n) && agrees)) &&
           /* Who is held back elsewhere for it is told when it ends. */
           (!has(word->left, i) || has(word->ended, i) || is_active_now);
}

static bool lr_is_sound(const struct virq_state *state, uint32_t n)
{
    const uint32_t lr = state->lrs[n], id = lr_intid(lr);
    const bool lives = lr_is_pending(lr) || lr_is_active(lr);

    return !has(state->used, n) ? !lives
                                : lives && id < VIRQ_COUNT && state->irqs[id % VIRQ_COUNT].lr == n + 1;
}

static bool is_sound(const struct virq_state *state)
{
    const struct virq_word *word = &state->words[0];
    const uint64_t bits =
        word->enabled | word->level | word->line | word->latched | word->linked | word->held | word->left;
    bool sound = state->lr_count == VIRQ_MAX_LRS && state->used >> VIRQ_MAX_LRS == 0 &&
                 state->dirty >> VIRQ_MAX_LRS == 0 && bits >> VIRQ_COUNT == 0 &&
                 (word->ended & ~word->left) == 0;
    const bool queued = set_is_sound(state, &state->queued), spilled = set_is_sound(state, &state->spilled);
    uint32_t spilled_count = 0, left_count = 0;

    sound = sound && queued && spilled;
    for (uint32_t i = 0; i < VIRQ_COUNT; i++) {
        const bool irq = irq_is_sound(state, i);

        sound = sound && irq;
        spilled_count += set_holds(&state->spilled, i);
        left_count += has(word->left, i);
    }
    for (uint32_t n = 0; n < VIRQ_MAX_LRS; n++) {
        const bool lr = lr_is_sound(state, n);

        sound = sound && lr;
    }
    return sound && spilled_count == state->spilled_count && left_count == state->left_count;
}

/* Any state. */
static struct virq_state any_state(void)
{
    struct virq_state state = nondet_state();

    state.enabled = nondet_bool();
    state.lrs_synced = nondet_bool();
    state.need_maintenance = nondet_bool();
    ASSUME(is_sound(&state));
    return state;
}

/* Any state, and any interrupt. */
static uint32_t make(void)
{
    const uint32_t intid = nondet_u32();

    k = nondet_u32();
    ASSUME(intid < VIRQ_COUNT && k < VIRQ_COUNT);
    s = any_state();
    before = s;
    return intid;
}

/* The invariant, and that what the event did not end stays: if `ends`, the pending state of `k` may end. */
static void check(bool ends)
{
    PROVE(is_sound(&s), "the invariant holds");
    PROVE(ends || !has(before.words[0].latched, k) || has(s.words[0].latched, k),
          "a latch stays until acknowledged");
    PROVE(ends || k >= VIRQ_SGI_COUNT || (before.sources[k] & ~s.sources[k]) == 0,
          "an SGI's source stays until acknowledged");
    PROVE(s.words[0].held == before.words[0].held, "what is held back stays so");
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
    PROVE(is_sound(&s), "the invariant holds");
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

    virq_pend(&s, intid, source);
    check(false);
    check_dirty();
    PROVE(virq_get(&s, intid) & SYSCALL_VIRQ_IS_PENDING, "it is pending");
}

void prove_unpend(uint8_t sources)
{
    const uint32_t intid = make();

    virq_unpend(&s, intid, sources);
    check(k == intid);
    check_dirty();
    if (k >= VIRQ_SGI_COUNT) {
        PROVE(!has(before.words[0].latched & before.words[0].linked, k) || has(s.words[0].latched, k),
              "a linked one stays");
    } else {
        PROVE((before.sources[k] & ~s.sources[k] & ~sources) == 0, "no other source goes");
    }
}

void prove_line(bool high)
{
    virq_set_line(&s, make(), high);
    check(false);
    check_dirty();
}

void prove_active(bool becomes_active)
{
    const uint32_t intid = make();
    const bool was_linked = virq_is_linked(&s, intid);
    const bool drop = virq_set_active(&s, intid, becomes_active);

    PROVE(!drop || (was_linked && !virq_is_linked(&s, intid)), "only a linked one is dropped");
    PROVE(active(&s, intid) == becomes_active, "it is what was asked for");
    check(k == intid && becomes_active && was_linked);
    check_dirty();
}

void prove_hw(uint32_t physical)
{
    const uint32_t intid = make();

    ASSUME(intid >= VIRQ_SGI_COUNT && physical < 1020);
    if (nondet_bool()) {
        virq_pend_hw(&s, intid, physical);
        PROVE(has(s.words[0].latched & s.words[0].linked, intid), "it is pending, and linked");
        check(false);
    } else {
        const uint32_t lr = before.irqs[intid].lr;
        const bool is_taken =
            lr != 0 && lr_is_linked(before.lrs[lr - 1u]) && lr_is_active(before.lrs[lr - 1u]);
        const bool taken_back = virq_withdraw_hw(&s, intid);

        PROVE(!taken_back || !is_taken, "who has been taken is not taken back");
        PROVE(!taken_back || (virq_is_linked(&before, intid) && !virq_is_linked(&s, intid)),
              "only a linked one is taken back");
        check(k == intid && taken_back);
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
        if (nondet_bool() && lr_is_pending(lr) && !lr_is_active(lr)) {
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
    const bool acknowledged = lr_is_pending(lr) && !lr_is_pending(value);
    const uint8_t source = (uint8_t)(1u << lr_source(lr));

    virq_fold(&s, n, value);
    check(k == lr_intid(lr) && acknowledged);
    if (k < VIRQ_SGI_COUNT && k == lr_intid(lr) && acknowledged) {
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
    /* One turn of its loop, which ends when a turn has filled nothing. */
    const uint32_t filled = virq_fill(&s);

    check(false);
    PROVE(s.need_maintenance == virq_has_queued(&s), "maintenance is asked for what waits");
    if (filled != 0 || !s.enabled || !set_holds(&s.queued, k)) {
        return;
    }
    for (uint32_t n = 0; n < VIRQ_MAX_LRS; n++) {
        const uint32_t lr = s.lrs[n];

        PROVE(has(s.used, n) && (lr_is_active(lr) || s.irqs[lr_intid(lr)].priority <= s.irqs[k].priority),
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
    PROVE(is_sound(&s), "the invariant holds");
    PROVE(s.used == 0 && s.spilled_count == 0, "nothing is active");
    PROVE(!virq_is_linked(&before, k) || k_dropped, "every linked one is dropped");
    PROVE(!has(before.words[0].left, k) || has(s.words[0].ended, k), "who waits for its end is told");
    PROVE(s.words[0].level == before.words[0].level && s.words[0].line == before.words[0].line &&
              s.words[0].enabled == before.words[0].enabled && s.words[0].held == before.words[0].held,
          "configuration, lines and what is held back stay");
    check_dirty();
}

void prove_move(void)
{
    struct virq_state to = any_state();
    const uint32_t intid = make();

    ASSUME(intid >= VIRQ_SGI_COUNT); /* vcpu_virq_move(): SPIs only */
    const struct virq_word old = before.words[0], old_to = to.words[0];
    const bool was_active = active(&before, intid), was_left = has(old_to.left, intid);

    virq_move(&s, &to, intid);
    PROVE(is_sound(&s), "the invariant holds");
    PROVE(is_sound(&to), "the invariant holds where it went");
    PROVE((!has(old.latched, k) || has(k == intid ? to.words[0].latched : s.words[0].latched, k)) &&
              (old_to.latched & ~to.words[0].latched) == 0,
          "what was pending is pending where it went");
    PROVE(!has(old.linked, k) || has(s.words[0].linked | to.words[0].linked, k),
          "a link is kept, here or there");
    PROVE(!was_active || (active(&s, intid) && has(s.words[0].left, intid) && has(to.words[0].held, intid)),
          "what is active stays, and holds it back where it went");
    PROVE(was_active || has(to.words[0].held, intid) == (!was_left && has(old.held | old_to.held, intid)),
          "what comes back to where it is active is not held back");
}

void prove_release(void)
{
    uint32_t intid = make();

    if (nondet_bool()) {
        const bool was_held = has(before.words[0].held, intid);

        PROVE(virq_release(&s, intid) == was_held && !virq_is_held(&s, intid), "it is held back no more");
        PROVE(is_sound(&s), "the invariant holds");
        check_dirty();
    } else {
        const bool some = virq_take_ended(&s, &intid);

        PROVE(some == ((before.words[0].ended & ~before.words[0].moving) != 0),
              "who is active no more is told of");
        PROVE(!some || (has(before.words[0].left, intid) && !has(s.words[0].left, intid)), "and only once");
        check(false);
    }
}
