/* SPDX-License-Identifier: BSD-2-Clause */
/** A core's own registers at EL2: what it has, and the controls that follow from it. */
#pragma once

#include "kernel/aarch64/sysreg.h"
#include "kernel/core/kernel.h"

/**
 * Once per core, with the MMU on: find out what the core has (core->features) and set the traps and
 * switches of EL2 that never change. NULL, or the name of what makes the core unusable; nothing but reads has
 * been done then.
 */
const char *cpu_init(struct core *core);

/** The calling core's state. */
static inline struct core *cpu_this_core(void)
{
    return (struct core *)(uintptr_t)SYSREG_READ(tpidr_el2);
}
