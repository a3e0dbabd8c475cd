/* SPDX-License-Identifier: BSD-2-Clause */
/** A machine's life: how it starts, how it ends, and what follows from that. */
#pragma once

#include "lib/base/err.h"
#include "vmm/core/vm.h"

/** The guest has ended, as `how` says in a log line; `action` is enum vmm_exit_action. */
void vm_life_end(struct vm *vm, uint32_t action, const char *how);

/** A disk may have become ready: do what waited for it. */
void vm_life_go_on(struct vm *vm);

/** The guest may have touched its watchdog: have the platform wake us when there will be something to do. */
void vm_life_set_alarm(struct vm *vm);

/** Somebody has held the guest, or let it go on: for its watchdog no time has passed meanwhile. */
void vm_life_held(struct vm *vm);

/** The platform's alarm has fired, or another of its own notifications has come. */
void vm_life_alarm(struct vm *vm);
