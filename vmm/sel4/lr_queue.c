/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/lr_queue.h"

static bool has(const struct lr_queue_set *set, uint32_t intid)
{
    return (set->words[intid / 64] >> (intid % 64) & 1) != 0;
}

static void put(struct lr_queue_set *set, uint32_t intid, bool value)
{
    const uint64_t bit = 1ull << (intid % 64);

    if (value) {
        set->words[intid / 64] |= bit;
    } else {
        set->words[intid / 64] &= ~bit;
    }
}

void lr_queue_init(struct lr_queue *queue)
{
    *queue = (struct lr_queue){.lr_count = LR_QUEUE_LRS};
    for (uint32_t lr = 0; lr < LR_QUEUE_LRS; lr++) {
        queue->lr_intid[lr] = LR_QUEUE_NONE;
    }
}

void lr_queue_reset(struct lr_queue *queue)
{
    const struct lr_queue before = *queue;

    lr_queue_init(queue);
    queue->lr_count = before.lr_count;
    queue->flight = before.flight;
    queue->lrs_unknown = before.lrs_unknown;
    for (uint32_t lr = 0; lr < LR_QUEUE_LRS; lr++) {
        queue->lr_intid[lr] = before.lr_intid[lr];
    }
}

void lr_queue_limit(struct lr_queue *queue, uint32_t count)
{
    queue->lr_count = count < queue->lr_count ? count : queue->lr_count;
}

void lr_queue_configure(struct lr_queue *queue, uint32_t intid, const struct platform_virq *virq)
{
    if (intid < LR_QUEUE_INTIDS) {
        put(&queue->enabled_irqs, intid, virq->enabled);
        put(&queue->edge, intid, virq->edge);
        queue->priorities[intid] = virq->priority;
    }
}

void lr_queue_latch(struct lr_queue *queue, uint32_t intid, bool pending)
{
    if (intid < LR_QUEUE_INTIDS) {
        put(&queue->latch, intid, pending);
        if (!pending && intid < LR_QUEUE_SGIS) {
            queue->sources[intid] = 0;
        }
    }
}

void lr_queue_send(struct lr_queue *queue, uint32_t sgi, uint32_t source)
{
    if (sgi < LR_QUEUE_SGIS) {
        queue->sources[sgi] |= (uint8_t)(1u << (source & 7));
        put(&queue->latch, sgi, true);
    }
}

void lr_queue_take_back(struct lr_queue *queue, uint32_t sgi, uint8_t sources)
{
    if (sgi < LR_QUEUE_SGIS) {
        queue->sources[sgi] &= (uint8_t)~sources;
        put(&queue->latch, sgi, queue->sources[sgi] != 0);
    }
}

/* Take `intid` out of one set; into the other one if it was there. */
static void carry(struct lr_queue_set *from, struct lr_queue_set *to, uint32_t intid)
{
    if (has(from, intid)) {
        put(from, intid, false);
        put(to, intid, true);
    }
}

void lr_queue_move(struct lr_queue *from, struct lr_queue *to, uint32_t intid)
{
    if (intid >= LR_QUEUE_INTIDS) {
        return;
    }
    carry(&from->enabled_irqs, &to->enabled_irqs, intid);
    carry(&from->edge, &to->edge, intid);
    carry(&from->latch, &to->latch, intid);
    carry(&from->level, &to->level, intid);
    carry(&from->active, &to->active, intid);
    carry(&from->held, &to->held, intid);
    to->priorities[intid] = from->priorities[intid];
    if (has(&from->flight, intid)) {
        put(&to->held, intid, true);
    }
    if (has(&to->flight, intid)) {
        put(&to->held, intid, false); /* it comes back to where it is in flight */
    }
}

bool lr_queue_release(struct lr_queue *queue, uint32_t intid)
{
    const bool held = intid < LR_QUEUE_INTIDS && has(&queue->held, intid);

    if (held) {
        put(&queue->held, intid, false);
    }
    return held;
}

void lr_queue_set_level(struct lr_queue *queue, uint32_t intid, bool high)
{
    if (intid < LR_QUEUE_INTIDS) {
        put(&queue->level, intid, high);
    }
}

void lr_queue_set_active(struct lr_queue *queue, uint32_t intid, bool active)
{
    if (intid < LR_QUEUE_INTIDS) {
        put(&queue->active, intid, active);
    }
}

bool lr_queue_is_pending(const struct lr_queue *queue, uint32_t intid)
{
    return intid < LR_QUEUE_INTIDS &&
           (has(&queue->latch, intid) || (has(&queue->level, intid) && !has(&queue->edge, intid)));
}

bool lr_queue_is_active(const struct lr_queue *queue, uint32_t intid)
{
    return intid < LR_QUEUE_INTIDS &&
           (has(&queue->flight, intid) || has(&queue->active, intid) || has(&queue->held, intid));
}

bool lr_queue_is_enabled(const struct lr_queue *queue, uint32_t intid)
{
    return intid < LR_QUEUE_INTIDS && queue->enabled && has(&queue->enabled_irqs, intid);
}

uint32_t lr_queue_in_flight(const struct lr_queue *queue)
{
    uint32_t count = 0;

    for (uint32_t lr = 0; lr < LR_QUEUE_LRS; lr++) {
        count += queue->lr_intid[lr] != LR_QUEUE_NONE;
    }
    return count;
}

static bool find_free_lr(const struct lr_queue *queue, uint32_t *lr)
{
    for (uint32_t i = 0; i < queue->lr_count; i++) {
        if (queue->lr_intid[i] == LR_QUEUE_NONE) {
            *lr = i;
            return true;
        }
    }
    return false;
}

/* Interrupts of word `i` that could be signalled now. */
static uint64_t due_word(const struct lr_queue *queue, uint32_t i)
{
    const uint64_t pending = queue->latch.words[i] | (queue->level.words[i] & ~queue->edge.words[i]);

    return pending & queue->enabled_irqs.words[i] & ~queue->flight.words[i] & ~queue->active.words[i] &
           ~queue->held.words[i];
}

bool lr_queue_next(const struct lr_queue *queue, uint32_t *intid, uint32_t *lr)
{
    uint32_t best = LR_QUEUE_NONE;
    uint32_t best_priority = LR_QUEUE_NEVER_PRIORITY;

    if (!queue->enabled || !find_free_lr(queue, lr)) {
        return false;
    }
    for (uint32_t i = 0; i < LR_QUEUE_INTIDS / 64; i++) {
        for (uint64_t due = due_word(queue, i); due != 0; due &= due - 1) {
            const uint32_t candidate = 64 * i + (uint32_t)__builtin_ctzll(due);
            if (queue->priorities[candidate] < best_priority) {
                best = candidate;
                best_priority = queue->priorities[candidate];
            }
        }
    }
    *intid = best;
    return best != LR_QUEUE_NONE;
}

void lr_queue_sent(struct lr_queue *queue, uint32_t intid, uint32_t lr)
{
    if (intid < LR_QUEUE_INTIDS && lr < LR_QUEUE_LRS) {
        queue->lr_intid[lr] = (uint16_t)intid;
        put(&queue->flight, intid, true);
        lr_queue_latch(queue, intid, false);
    }
}

uint32_t lr_queue_ended(struct lr_queue *queue, uint32_t lr)
{
    if (lr >= LR_QUEUE_LRS || queue->lr_intid[lr] == LR_QUEUE_NONE) {
        return LR_QUEUE_NONE;
    }
    const uint32_t intid = queue->lr_intid[lr];
    queue->lr_intid[lr] = LR_QUEUE_NONE;
    put(&queue->flight, intid, false);
    return intid;
}
