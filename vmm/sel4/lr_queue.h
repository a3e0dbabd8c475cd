/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The virtual interrupts of one vCPU on seL4: what is pending, and which of it lies in a list register.
 *
 * seL4 lets a VMM write a pending interrupt into a list register (LR) and tells it when the guest has ended
 * one (a maintenance fault); it cannot read an LR, nor take back what is in one. So this keeps the rest:
 * every interrupt that is enabled and pending waits here until an LR is free, the highest priority first, and
 * none is lost for want of an LR. An interrupt that lies in an LR is never put into a second one (Arm IHI
 * 0048B 5.2.2); if it becomes pending again meanwhile, it follows once the guest has ended it.
 *
 * Pure state: the caller makes the system calls. INTIDs from LR_QUEUE_INTIDS up are ignored.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "vmm/platform.h"

#define LR_QUEUE_INTIDS 1024u
#define LR_QUEUE_SGIS 16u
/** List registers of a GIC-400 and of QEMU's GICv2. lr_queue_limit() tells that there are fewer. */
#define LR_QUEUE_LRS 4u
#define LR_QUEUE_NONE 0xffffu
/**
 * Priorities from here on are the lowest that the virtual CPU interface has, and its mask register cannot be
 * set to let that through (IHI 0048B 3.3.2: five bits of priority): in an LR such an interrupt would stay for
 * ever.
 */
#define LR_QUEUE_NEVER_PRIORITY 0xf8u

/** One bit per INTID. */
struct lr_queue_set {
    uint64_t words[LR_QUEUE_INTIDS / 64];
};

/** One vCPU's interrupts. Set up by lr_queue_init(). */
struct lr_queue {
    bool enabled; /**< the distributor as a whole */
    struct lr_queue_set enabled_irqs;
    struct lr_queue_set edge;
    struct lr_queue_set latch;  /**< pending by an edge, by software, as an SGI or a timer's */
    struct lr_queue_set level;  /**< the line is high */
    struct lr_queue_set flight; /**< in an LR: pending there, or being served */
    struct lr_queue_set active; /**< by GICD_ISACTIVER: held back until deactivated */
    struct lr_queue_set held;   /**< in flight on the vCPU that had it before: held back until ended there */
    uint8_t sources[LR_QUEUE_SGIS]; /**< who has sent the SGI that is latched: bit n is vCPU n */
    uint8_t priorities[LR_QUEUE_INTIDS];
    uint16_t lr_intid[LR_QUEUE_LRS]; /**< LR_QUEUE_NONE: free */
    uint32_t lr_count;
    bool lrs_unknown; /**< LRs may hold what we don't know of, left by an earlier start of this program */
};

/** Power-on state: all off, all LRs free. */
void lr_queue_init(struct lr_queue *queue);

/** Forget what is pending and what is configured. What lies in LRs stays: the hardware keeps it too. */
void lr_queue_reset(struct lr_queue *queue);

/** Only LRs below `count` exist. */
void lr_queue_limit(struct lr_queue *queue, uint32_t count);

/** Take over an interrupt's configuration. */
void lr_queue_configure(struct lr_queue *queue, uint32_t intid, const struct platform_virq *virq);

/** Set or drop the pending latch. */
void lr_queue_latch(struct lr_queue *queue, uint32_t intid, bool pending);

/** SGI `sgi` is pending from vCPU `source` as well. */
void lr_queue_send(struct lr_queue *queue, uint32_t sgi, uint32_t source);

/** SGI `sgi` is not pending from those in `sources` (bit n: vCPU n). */
void lr_queue_take_back(struct lr_queue *queue, uint32_t sgi, uint8_t sources);

/**
 * SPI `intid` is `to`'s from now on, with all that is pending and configured. What lies in an LR of `from`
 * cannot be taken back: its guest serves it there, and `to` is not signalled before it has ended it.
 */
void lr_queue_move(struct lr_queue *from, struct lr_queue *to, uint32_t intid);

/** What `intid` was held for is over. Returns whether it was held. */
bool lr_queue_release(struct lr_queue *queue, uint32_t intid);

/** Drive the line of a level-sensitive interrupt. */
void lr_queue_set_level(struct lr_queue *queue, uint32_t intid, bool high);

/** GICD_ISACTIVER and GICD_ICACTIVER. */
void lr_queue_set_active(struct lr_queue *queue, uint32_t intid, bool active);

/** Pending as GICD_ISPENDR shows it, as far as it is known: not what an LR holds. */
bool lr_queue_is_pending(const struct lr_queue *queue, uint32_t intid);

/** In an LR, of another vCPU too, or made active by the guest. */
bool lr_queue_is_active(const struct lr_queue *queue, uint32_t intid);

/** Whether the guest has the interrupt enabled, and the distributor. */
bool lr_queue_is_enabled(const struct lr_queue *queue, uint32_t intid);

/** Number of LRs in use. */
uint32_t lr_queue_in_flight(const struct lr_queue *queue);

/** What to write next: *intid into LR *lr. False if nothing is due or no LR is free. */
bool lr_queue_next(const struct lr_queue *queue, uint32_t *intid, uint32_t *lr);

/** *intid has been written into LR `lr`. */
void lr_queue_sent(struct lr_queue *queue, uint32_t intid, uint32_t lr);

/** The guest has ended what was in LR `lr`. Returns its INTID, or LR_QUEUE_NONE if nothing was. */
uint32_t lr_queue_ended(struct lr_queue *queue, uint32_t lr);
