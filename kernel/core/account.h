/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Who pays for what a PD does: whoever asked for it.
 *
 * A VMM works for its own VM only. A service says in its IPC buffer how it divides its time among its clients
 * (SYSDESC_ACCOUNT_*); rows of the descriptor say which VMs it may name. What it does not say, and all the
 * work of a PD without rows, is the client's that made it work last: a *sponsor*, which whoever asks passes
 * on. Asked is who is notified or called and has a higher priority; what goes the other way is an answer.
 *
 * A PD pays as well, from its own budget: that is what bounds a PD that runs away.
 */
#pragma once

#include "kernel/core/kernel.h"

/** Set up what `pd` may name, by its row. Its vCPUs' and its own rows must exist (boot_check()). */
void account_init(struct kernel *kernel, struct pd *pd);

/** `asker`, or work for its client, makes `pd` work. */
void account_ask(struct thread *asker, struct pd *pd);

/** `pd` has used so much: its clients pay. It still runs if its state is THREAD_READY. */
void account_charge(struct pd *pd, uint64_t used, uint64_t now);
