/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Configuration of the timer PD, and its protocol. See config.h for the rules.
 *
 * Protocol: a client makes a protected procedure call with label TIMER_SET and one message word, an absolute
 * time in ticks of the physical counter (CNTPCT_EL0); 0 cancels. A client has one deadline: a new one
 * replaces the old. When it has passed, the client is notified once through the same channel. The reply's
 * label is TIMER_OK or TIMER_INVALID and it has no words.
 *
 * With label TIMER_CLOCK and no words a client asks for the time of day. The reply has one word: milliseconds
 * to add to those of the counter since it began (clock_milliseconds()) for those since 1970, UTC. All clients
 * get the same. TIMER_INVALID: nobody knows the time.
 */
#pragma once

#include "lib/config/config.h"

#define TIMER_CONFIG_MAGIC 0x4d495443u /* "CTIM" */
#define TIMER_CONFIG_VERSION 3u
#define TIMER_CONFIG_SECTION ".timer_config"
#define TIMER_MAX_CLIENTS 61u

/**
 * The guard, a PD that seL4 runs every TIMER_GUARD_PERIOD_US, by a timer of the kernel's own, and that
 * notifies the timer PD each time: a guest there can reach the EL1 physical timer. No guard elsewhere:
 * TIMER_NO_GUARD.
 */
#define TIMER_GUARD_PERIOD_US 10000u
#define TIMER_GUARD_CHANNEL 0u /**< the guard's only one */
#define TIMER_NO_GUARD UINT32_MAX

enum timer_call { TIMER_SET = 1, TIMER_CLOCK = 2 };
enum timer_reply { TIMER_OK = 0, TIMER_INVALID = 1 };

struct timer_config {
    struct config_header header;
    uint32_t irq_channel; /**< the EL1 physical timer's interrupt */
    uint32_t client_count;
    uint32_t clients[TIMER_MAX_CLIENTS]; /**< channel ids */
    uint32_t guard_channel;              /**< or TIMER_NO_GUARD */
    uint64_t rtc;        /**< vaddr of the board's real-time clock; 0: there is none, or it is another's */
    uint32_t rtc_offset; /**< of its register with the seconds since 1970 */
    uint32_t reserved;
};
