/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Virtual interrupts of one vCPU: pending state in memory, the most urgent ones in list registers.
 *
 * GICv2 (IHI 0048B, chapter 5) and GICv3 (IHI 0069H, chapter 6). The VMM's distributor model says what is
 * enabled, level or edge, of which group and priority; it and devices pend, raise and lower. Everything that
 * may be signalled sits in a bit map until there is a list register (LR) for it, so no interrupt is lost for
 * want of one. This file works on copies of the LRs only; kernel/aarch64/list_registers.c moves them to and
 * from the hardware.
 *
 * The rule that keeps both sides in step: a pending bit in an LR stands for a latch, line or SGI source that
 * is still set here; when the bit is seen gone (the guest acknowledged it), the latch or source is cleared.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/virq_set.h"

#define VIRQ_SGI_COUNT 16u
#define VIRQ_MAX_LRS 16u

/* GICH_LR fields: the format of list registers here, whatever the controller. */
#define VIRQ_LR_ID_MASK 0x3ffu
#define VIRQ_LR_PHYSICAL_SHIFT 10u
#define VIRQ_LR_PHYSICAL_MASK (0x3ffu << VIRQ_LR_PHYSICAL_SHIFT)
#define VIRQ_LR_SOURCE_MASK (7u << VIRQ_LR_PHYSICAL_SHIFT)
#define VIRQ_LR_EOI (1u << 19)
#define VIRQ_LR_PRIORITY_SHIFT 23u
#define VIRQ_LR_PENDING (1u << 28)
#define VIRQ_LR_ACTIVE (1u << 29)
#define VIRQ_LR_GROUP1 (1u << 30)
#define VIRQ_LR_HW (1u << 31)

/** One virtual interrupt, apart from its bits in struct virq_word. */
struct virq {
    uint8_t priority;
    uint8_t lr;        /**< its LR + 1, 0: none */
    uint16_t physical; /**< INTID of the linked physical interrupt */
};

/** The state of 64 of them: bit n is INTID 64 * word + n. So forgetting all 1,020 takes few instructions. */
struct virq_word {
    uint64_t enabled;
    uint64_t level;   /**< level-sensitive */
    uint64_t group1;  /**< signalled as of group 1, else of group 0 */
    uint64_t line;    /**< the line is high */
    uint64_t latched; /**< pending until acknowledged */
    uint64_t linked;  /**< to an active physical interrupt */
    uint64_t held;    /**< active on another vCPU: not signalled here before it is ended there */
    uint64_t left;    /**< active here, but routed to another vCPU meanwhile */
    uint64_t ended;   /**< has left, and is not active any more */
    uint64_t moving;  /**< has left, and is not where it goes yet: its end waits */
    uint64_t away;    /**< another vCPU's: what is posted here by then goes there */
};

/** An interrupt on its way from one vCPU to another. */
struct virq_parcel {
    uint32_t intid;
    uint8_t priority;
    bool enabled, level, group1, line, latched, linked;
    bool held;         /**< active somewhere else than at the sender */
    bool active;       /**< active at the sender */
    uint16_t physical; /**< if it is linked */
};

/** All of a vCPU's virtual interrupts. */
struct virq_state {
    struct virq_word words[VIRQ_WORDS];
    struct virq irqs[VIRQ_COUNT];
    uint8_t sources[VIRQ_SGI_COUNT]; /**< SGIs: bit n: pending from vCPU n */
    struct virq_set queued;          /**< to be signalled while the distributor is on, and not in an LR */
    struct virq_set spilled;         /**< active, but in no LR */
    bool enabled;                    /**< the distributor is on */
    bool lrs_synced;                 /**< lrs[] is what the hardware holds */
    uint32_t lr_count;
    uint32_t used;  /**< bit n: LR n is in use */
    uint32_t dirty; /**< bit n: LR n has to be written */
    uint32_t lrs[VIRQ_MAX_LRS];
    uint32_t spilled_count; /**< active ones that gave up their LR */
    bool need_maintenance;  /**< some are queued that found no LR: ask for maintenance */
    uint32_t left_count;    /**< bits of words[].left */
};

/** Nothing configured, nothing pending; `lr_count` LRs (at most VIRQ_MAX_LRS). */
void virq_init(struct virq_state *state, uint32_t lr_count);

/**
 * Forget what is pending or active, keep configuration, line levels and what is active on another vCPU.
 * Returns through `drop_hw` (called for each) the physical interrupts that were linked and have to be
 * deactivated.
 */
void virq_clear(struct virq_state *state, void (*drop_hw)(void *context, uint32_t physical), void *context);

/** Set enabled, level or edge, group (enum syscall_virq_flags) and priority of `intid`, below VIRQ_COUNT. */
void virq_configure(struct virq_state *state, uint32_t intid, uint32_t flags, uint8_t priority);

/** Distributor on or off. */
void virq_enable(struct virq_state *state, bool enabled);

/** Latch `intid` pending; an SGI comes from vCPU `source` (0..7). */
void virq_pend(struct virq_state *state, uint32_t intid, uint32_t source);

/** Drop the latch of `intid`; of an SGI, the sources in `sources` (bit n: vCPU n). */
void virq_unpend(struct virq_state *state, uint32_t intid, uint8_t sources);

/** Drive the line of `intid`. */
void virq_set_line(struct virq_state *state, uint32_t intid, bool high);

/** Make `intid` active or not. Returns true if a linked physical interrupt has to be deactivated. */
bool virq_set_active(struct virq_state *state, uint32_t intid, bool active);

/** Physical interrupt `physical` fired, stays active, and is deactivated by the guest's EOI of `intid`. */
void virq_pend_hw(struct virq_state *state, uint32_t intid, uint32_t physical);

/**
 * The line of the linked physical interrupt has fallen before the guest has taken `intid`: it is not pending
 * any more. Returns true if the physical interrupt has to be deactivated; false: there was nothing to take
 * back.
 */
bool virq_withdraw_hw(struct virq_state *state, uint32_t intid);

/**
 * SPI `intid` is `to`'s from now on: what is pending of it, its line, configuration and link go along. While
 * it is active on `from` it stays active there until the guest ends it, and `to` is not signalled before that
 * (IHI 0048B 4.3.12: a change of targets has no effect on an active interrupt until it is ended).
 */
void virq_move(struct virq_state *from, struct virq_state *to, uint32_t intid);

/** The two halves of that, for vCPUs of different cores. The end of an active one waits for virq_parcel_arrived().
 */
void virq_parcel_pack(struct virq_state *from, uint32_t intid, struct virq_parcel *parcel);
/** See virq_parcel_pack(). */
void virq_parcel_unpack(struct virq_state *to, const struct virq_parcel *parcel);
/** `intid`, packed at `from`, is where it goes. */
void virq_parcel_arrived(struct virq_state *from, uint32_t intid);

/** Whether `intid` is another vCPU's now. */
static inline bool virq_is_away(const struct virq_state *state, uint32_t intid)
{
    return (state->words[intid / 64].away >> (intid % 64) & 1) != 0;
}

/** The next interrupt that has moved away and is over here, to be passed to virq_release(). False: none. */
bool virq_take_ended(struct virq_state *state, uint32_t *intid);

/** What `intid` was held for is over. Returns whether it was held. */
bool virq_release(struct virq_state *state, uint32_t intid);

/** enum syscall_virq_state bits, and an SGI's sources from SYSCALL_VIRQ_SOURCES_SHIFT on. */
uint32_t virq_get(const struct virq_state *state, uint32_t intid);

/** Whether `intid` is linked to a physical interrupt, which is active then. */
static inline bool virq_is_linked(const struct virq_state *state, uint32_t intid)
{
    return (state->words[intid / 64].linked >> (intid % 64) & 1) != 0;
}

/** Whether `intid` is active on the vCPU that had it before. */
static inline bool virq_is_held(const struct virq_state *state, uint32_t intid)
{
    return (state->words[intid / 64].held >> (intid % 64) & 1) != 0;
}

/** Whether `intid` is active here, and another vCPU's from now on. */
static inline bool virq_has_left(const struct virq_state *state, uint32_t intid)
{
    return (state->words[intid / 64].left >> (intid % 64) & 1) != 0;
}

/** Whether `intid` is of group 1. */
static inline bool virq_is_group1(const struct virq_state *state, uint32_t intid)
{
    return (state->words[intid / 64].group1 >> (intid % 64) & 1) != 0;
}

/** Whether virq_fill() has something to do. */
static inline bool virq_has_queued(const struct virq_state *state)
{
    return state->enabled && state->queued.priorities != 0;
}

/** Whether anything would be signalled to the vCPU: WFI has to return. */
static inline bool virq_is_pending(const struct virq_state *state)
{
    if (virq_has_queued(state)) {
        return true;
    }
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        if ((state->lrs[__builtin_ctz(used)] & VIRQ_LR_PENDING) != 0) {
            return true;
        }
    }
    return false;
}

/**
 * Whether an LR is pending and not active as well: what the hardware's "no LR is pending" (GICH_MISR.NP,
 * GICv2 5.3.4) looks at. Its maintenance interrupt may be asked for only while there is one, or it never
 * ends.
 */
static inline bool virq_has_pending_lr(const struct virq_state *state)
{
    for (uint32_t used = state->used; used != 0; used &= used - 1) {
        if ((state->lrs[__builtin_ctz(used)] & (VIRQ_LR_PENDING | VIRQ_LR_ACTIVE)) == VIRQ_LR_PENDING) {
            return true;
        }
    }
    return false;
}

/** LR `index` was read back from the hardware as `value`. */
void virq_fold(struct virq_state *state, uint32_t index, uint32_t value);

/** The guest ended `count` interrupts that were in no LR (GICH_HCR.EOICount). */
void virq_fold_eois(struct virq_state *state, uint32_t count);

/** Move what is queued into LRs, most urgent first. Returns how many LRs were filled. */
uint32_t virq_fill(struct virq_state *state);
