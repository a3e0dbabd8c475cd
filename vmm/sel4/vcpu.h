/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * One vCPU on seL4: its sleep, its virtual timer, and its interrupts' way into list registers.
 *
 * How a vCPU's thread stands:
 *  - running: it was started and replies to its faults let it go on;
 *  - parked: it executed WFI with nothing pending. Its fault is not answered; the thread is suspended, which
 *    also gives Microkit's reply object back, and costs nothing until an interrupt is injected or its virtual
 *    timer is due. seL4_TCB_Resume lets it execute the WFI again, which then completes at once;
 *  - off: suspended.
 *
 * seL4 delivers faults through one endpoint, so that a fault may already wait there while a notification is
 * being served. An interrupt that is injected then must not be slept over: `injected` notes it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

#include "lib/base/log.h"
#include "lib/timer_client/timer_client.h"
#include "vmm/sel4/lr_queue.h"

/** INTID of the virtual timer. */
#define VCPU_TIMER_INTID 27u

/** One vCPU. */
struct vcpu {
    seL4_CPtr tcb;
    seL4_CPtr object;
    struct timer_client *alarm; /**< the platform's */
    struct log_limit *refused;  /**< of the messages about calls that fail */
    bool on;
    bool scrubs;   /**< runs gic_scrub.c's instructions, before it is on */
    bool answered; /**< the exit in hand needs no reply: the thread was started again */
    bool parked;
    bool injected;            /**< since it was last let go on */
    bool timer_masked;        /**< the kernel has told of the timer and masks it until it is acknowledged */
    uint64_t entry, argument; /**< where the guest starts */
    uint64_t deadline;        /**< while parked: when its virtual timer is due */
    struct lr_queue virqs;
    seL4_UserContext context; /**< of the exit in hand, as far as it was read */
};

/** Log a call that failed: only a bug of ours makes that happen. */
void vcpu_check(const struct vcpu *vcpu, seL4_Error error, const char *call);

/** It has executed WFI: park it, unless its timer's interrupt comes as soon as it runs. */
void vcpu_park(struct vcpu *vcpu);

/** Let a parked one execute its WFI again. */
void vcpu_wake(struct vcpu *vcpu);

/** Move what is due into free list registers, and wake the guest for it. */
void vcpu_deliver(struct vcpu *vcpu);

/** Whether the virtual timer raises its line: it is enabled, not masked, and its time has come. */
bool vcpu_timer_is_high(const struct vcpu *vcpu);

/** The kernel has told of the virtual timer. */
void vcpu_timer_fired(struct vcpu *vcpu);

/** Let the kernel tell of the virtual timer again; while the line is still up, it does so at once. */
void vcpu_timer_unmask(struct vcpu *vcpu);

/** If the timer's line has fallen before its interrupt went out, that is not pending any more (IHI
 * 0048B 1.4.2). */
void vcpu_timer_lower(struct vcpu *vcpu);

/** The guest has enabled an interrupt, or all: deliver what waits for that. */
void vcpu_enabled(struct vcpu *vcpu);
