/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The contract between the kernel and the board's interrupt controller: its physical side, and the virtual
 * interface that a vCPU sees. irqchip_gicv2.c and irqchip_gicv3.c implement it; the board says which file is
 * linked (BOARD_IRQCHIP in its board.mk). It implements arch_irq_*() of arch.h as well.
 *
 * All functions run on the calling core and are about its own part of the controller, unless they say
 * otherwise.
 */
#pragma once

#include "kernel/core/kernel.h"

/** SGI by which cores tell each other to look at their notification words. */
#define IRQCHIP_SGI_KICK 0u

/** What irqchip_take() returns if nothing is pending. */
#define IRQCHIP_NOTHING 1023u
/** The INTID in what irqchip_take() returns. */
#define IRQCHIP_INTID_MASK 0x3ffu

/** The kind that is linked: enum sysdesc_gic_kind. */
uint32_t irqchip_kind(void);

/** What all cores share: all off, then ready for arch_irq_enable(). Once, on the boot core. */
void irqchip_init(struct kernel *kernel);

/**
 * This core's interface, its private interrupts and its virtual interface, with nothing in it, whatever the
 * boot loader left there. NULL, or what is wrong with the machine.
 */
const char *irqchip_init_core(struct core *core);

/** Acknowledge the most urgent pending interrupt and drop its priority; IRQCHIP_NOTHING: none is pending. */
uint32_t irqchip_take(struct core *core);

/** An interrupt is over: `taken` is what irqchip_take() has returned. */
void irqchip_deactivate(struct core *core, uint32_t taken);

/** Whether the private interrupt `intid` is active, and changing that. */
bool irqchip_is_active(struct core *core, uint32_t intid);
/** See irqchip_is_active(); an SPI, too. */
void irqchip_set_active(struct core *core, uint32_t intid, bool active);

/** Have core `target` take IRQCHIP_SGI_KICK. What was written before is there when it does. */
void irqchip_kick(struct core *target);

/* The virtual interface. List registers have the format of virq.h, which is that of a GICv2 (GICH_LR). */

/** Bits of irqchip_write_hcr(): on; ask for maintenance when at most one list register is valid, when an
 * interrupt ended that was in none, when none is pending. */
#define IRQCHIP_HCR_EN (1u << 0)
#define IRQCHIP_HCR_UIE (1u << 1)
#define IRQCHIP_HCR_LRENPIE (1u << 2)
#define IRQCHIP_HCR_NPIE (1u << 3)

/** Number of list registers. */
uint32_t irqchip_lr_count(const struct core *core);

/** Control register of the virtual interface; clears irqchip_eoi_count(). */
void irqchip_write_hcr(const struct core *core, uint32_t value);

/** How many interrupts that were in no list register the guest has ended since the last irqchip_write_hcr().
 */
uint32_t irqchip_eoi_count(const struct core *core);

/** Bit n: list register n holds nothing. */
uint32_t irqchip_empty_lrs(const struct core *core);

/** Read list register `index`. */
uint32_t irqchip_read_lr(const struct core *core, uint32_t index);
/** Write it. */
void irqchip_write_lr(const struct core *core, uint32_t index, uint32_t value);

/** What a vCPU has set beside its list registers: into the hardware. */
void irqchip_load(const struct core *core, const struct arch_virq_regs *regs);
/** And out of it. */
void irqchip_unload(const struct core *core, struct arch_virq_regs *regs);

/** A guest has ended an interrupt that is linked to a physical one: see irqchip_misses_lines(). */
void irqchip_resample_lines(const struct core *core);

/**
 * Whether a guest's end of a linked interrupt may leave the controller with a raised line that it does not
 * look at. Hardware looks; QEMU's GICv2 (7.2) deactivates the interrupt but looks at its line only when the
 * physical side is touched, so that a UART could fall silent for seconds.
 */
bool irqchip_misses_lines(void);
