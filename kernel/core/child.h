/* SPDX-License-Identifier: BSD-2-Clause */
/** What a parent may do to its child PDs. */
#pragma once

#include "kernel/core/kernel.h"

/** Start again at `entry`, whatever the state. */
void child_restart(struct pd *pd, uint64_t entry);

/** Stop it where it is. */
void child_stop(struct pd *pd);

/** Let it go on where it was stopped; if it had faulted, with the faulting instruction. */
void child_resume(struct pd *pd);
