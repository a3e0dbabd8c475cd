/* SPDX-License-Identifier: BSD-2-Clause */
/** GICv2: distributor and physical CPU interface (IHI 0048B, chapter 4). */
#pragma once

#include "kernel/core/kernel.h"

/** SGI by which cores tell each other to look at their notification words. */
#define GIC_SGI_KICK 0u

/** Distributor: all off, then ready for arch_irq_enable(). Once, on the boot core. */
void gic_init(struct kernel *kernel);

/** This core's CPU interface and its private interrupts. */
void gic_init_core(struct kernel *kernel);

/** Take and handle what is pending, a bounded number. */
void gic_handle(struct core *core);

/**
 * After a guest has ended a linked interrupt: have the GIC see whether its line is still raised. Hardware
 * does by itself; QEMU (7.2) deactivates the interrupt at the guest's EOI but looks at its line only when the
 * physical side is touched, so that a UART could fall silent for seconds.
 */
void gic_look_again(struct kernel *kernel);

/** Whether `intid` is active on this core, and changing that. */
bool gic_is_active(struct kernel *kernel, uint32_t intid);
/** See gic_is_active(). */
void gic_set_active(struct kernel *kernel, uint32_t intid, bool active);
