/* SPDX-License-Identifier: BSD-2-Clause */
/** From the system descriptor to running threads. */
#pragma once

#include "kernel/core/kernel.h"
#include "kernel/core/seed.h"

/**
 * Check the descriptor at `desc`: magic, version, limits, and every index the kernel will use unchecked.
 * Returns NULL if it is sound, else what is wrong, in words. The tables have to be readable.
 */
const char *boot_check(const struct sysdesc *desc);

/**
 * Set up `kernel` (zeroed) for a checked descriptor; every PD becomes ready, every vCPU off. `lr_count`: list
 * registers of the GIC; `log`: the log ring.
 */
void boot_kernel(struct kernel *kernel, const struct sysdesc *desc, struct sysdesc_klog *log,
                 uint32_t lr_count);

/** Hand the firmware's rng-seed of `bytes` to the PD that the descriptor names, and wipe `seed`. */
void boot_seed(struct kernel *kernel, uint8_t seed[SEED_MAX_BYTES], uint32_t bytes);

/**
 * Open the interrupt controller for the descriptor's interrupts: `core`'s private ones, on that core; or
 * those that all cores share, on any, when all cores can take them.
 */
void boot_irqs(struct core *core, bool is_private);
