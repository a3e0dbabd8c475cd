/* SPDX-License-Identifier: BSD-2-Clause */
/** What other cores want of this one. */
#pragma once

#include "kernel/core/kernel.h"

/**
 * Take the mail of `core`, the calling one, and do what it says. Bounded by the number of threads. Returns a
 * thread that something came for, and that pays for it, or NULL.
 */
struct thread *remote_look(struct core *core);
