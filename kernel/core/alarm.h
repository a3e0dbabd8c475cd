/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Alarms: a PD has itself notified at a time. Each has one. It takes no rights, as nobody else is concerned:
 * the bit is the PD's own, and so is the time it then runs on.
 */
#pragma once

#include "kernel/core/kernel.h"

/** From `time` (ticks of arch_now()) on, once, notify `pd` on `channel`; ARCH_NEVER takes it back. */
void alarm_set(struct pd *pd, uint64_t time, uint32_t channel);

/** Time has passed: deliver what is due. */
void alarm_tick(struct core *core, uint64_t now);
