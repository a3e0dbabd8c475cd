/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The guest's clock: a PrimeCell Real Time Clock (PL031; Arm DDI 0224), a counter of seconds since 1970 with
 * one match register.
 *
 * It begins with the system's time of day, which the timer PD knows (lib/config/timer_config.h), so that the
 * clocks of all guests agree. What the guest sets it to holds until its VMM starts again: a restart of the
 * guest leaves the time alone, as a reset leaves a clock with a battery. Time is platform_milliseconds().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/config/vmm_config.h"
#include "vmm/bus/mmio.h"
#include "vmm/vgic/irq_line.h"

/** Registers. */
enum pl031_register {
    PL031_DR = 0x000,
    PL031_MR = 0x004,
    PL031_LR = 0x008,
    PL031_CR = 0x00c,
    PL031_IMSC = 0x010,
    PL031_RIS = 0x014,
    PL031_MIS = 0x018,
    PL031_ICR = 0x01c,
    PL031_ID = 0xfe0 /**< eight bytes, a word each */
};

/** One clock. */
struct pl031 {
    struct irq_line *line;
    uint64_t zero_ms;  /**< what the clock says, in ms, when platform_milliseconds() says 0; modulo 2^64 */
    uint64_t match_at; /**< when the counter reaches MR; PLATFORM_NEVER: it has, or nobody has set it */
    uint32_t match;    /**< MR */
    uint32_t load;     /**< LR */
    bool is_unmasked;  /**< IMSC */
    bool has_matched;  /**< RIS */
};

/** Set up with the time of day that the timer PD of `config` gives; 1970 if it has none. */
void pl031_init(struct pl031 *clock, const struct vmm_config *config, struct irq_line *line);

/** The guest has stopped: nobody waits for an alarm any more. The time goes on. */
void pl031_reset(struct pl031 *clock);

/** When pl031_expire() has something to do; PLATFORM_NEVER: not before the guest has done something. */
uint64_t pl031_due(const struct pl031 *clock);

/** Time has passed: interrupt if the counter has reached MR. */
void pl031_expire(struct pl031 *clock);

/** mmio_handler; `context` is a struct pl031. */
enum mmio_result pl031_access(void *context, struct mmio_access *access);
