/* SPDX-License-Identifier: BSD-2-Clause */
/** Exceptions from EL0 and EL1. */
#pragma once

#include "kernel/core/kernel.h"

/** Kinds of exception, as vectors.S numbers them. */
enum trap_kind { TRAP_SYNC = 0, TRAP_IRQ = 1, TRAP_SERROR = 2 };

/** Handle the exception the core's running thread took, and choose who runs next. Called by the vectors. */
void trap_handle(struct core *core, uint64_t kind);
