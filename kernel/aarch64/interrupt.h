/* SPDX-License-Identifier: BSD-2-Clause */
/** Physical interrupts: what each leads to, and waiting for one when nobody can run. */
#pragma once

#include "kernel/core/kernel.h"

/** Take and handle what is pending, a bounded number. */
void interrupt_handle(struct core *core);

/** Choose who runs, waiting for an interrupt while nobody can, and make the hardware theirs. */
void interrupt_return(struct core *core);
