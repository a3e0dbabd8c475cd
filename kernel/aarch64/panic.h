/* SPDX-License-Identifier: BSD-2-Clause */
/** The end: something that must not happen did. Text goes straight to the UART; all stops. */
#pragma once

#include "kernel/core/kernel.h"

/** Print "kernel: panic: " and `text`, and stop. `kernel` may be half set up, except for desc->board. */
_Noreturn void panic_stop(struct kernel *kernel, const char *text);

/** The core has not what it takes, or more than can be handled: `what`. */
_Noreturn void panic_unusable(struct kernel *kernel, const char *what);

/** An SError says that what is in memory or registers may be wrong. */
_Noreturn void panic_serror(struct kernel *kernel, uint64_t esr);

/** An exception taken from EL2 itself; called by the vectors. */
_Noreturn void panic_exception(uint64_t esr, uint64_t elr, uint64_t far, uint64_t lr);
