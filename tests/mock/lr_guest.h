/* SPDX-License-Identifier: BSD-2-Clause */
/** A guest's side of virtual interrupts: list registers as the hardware has them, IAR and EOIR. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "kernel/core/virq.h"

/** What lr_guest_acknowledge() returns if nothing is pending. */
#define LR_GUEST_NONE 1023u

/** A vCPU: the state under test, the list registers, and a stack of what it has acknowledged. */
struct lr_guest {
    struct virq_state state;
    uint32_t lrs[VIRQ_MAX_LRS];
    uint32_t active[64];
    uint32_t depth;
    uint32_t eoi_count;
};

/** Into the guest, which has four list registers: what list_registers_enter() does. */
void lr_guest_enter(struct lr_guest *guest);

/** And back out: arch_virq_sync(). */
void lr_guest_leave(struct lr_guest *guest);

/** GICV_IAR: the most urgent pending LR becomes active. Returns INTID, source in bits 12..10. */
uint32_t lr_guest_acknowledge(struct lr_guest *guest);

/** GICV_EOIR of the last one acknowledged. Returns whether that raises a maintenance interrupt. */
bool lr_guest_end(struct lr_guest *guest);
