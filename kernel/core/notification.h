/* SPDX-License-Identifier: BSD-2-Clause */
/** Notifications: a word of bits per PD, one per channel; setting a bit never blocks. */
#pragma once

#include "kernel/core/kernel.h"

/** Set `bits` and wake the PD if it waits for events. From any core. */
void notification_send(struct pd *pd, uint64_t bits);

/** If `pd` waits and has bits, return them from its SYSCALL_WAIT. Only on the PD's core. */
void notification_deliver(struct pd *pd);
