/* SPDX-License-Identifier: BSD-2-Clause */
/** A vCPU object's system registers: reading them, their reset state, and exceptions taken to EL1. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <microkit.h>

/** PSTATE that the arm64 boot protocol asks for: EL1h, all interrupts masked. */
#define VCPU_REGS_BOOT_PSTATE 0x3c5ull

/** Syndromes for vcpu_regs_take_exception(): unknown reason, with a 32-bit instruction. */
#define VCPU_REGS_ESR_UNDEFINED 0x02000000ull
/** Synchronous external abort of a load or store whose address is not known (FnV). */
#define VCPU_REGS_ESR_ABORT 0x92000410ull
/** Synchronous external abort of an instruction fetch, at the program counter. */
#define VCPU_REGS_ESR_FETCH_ABORT 0x82000010ull

/** Register `reg` (seL4_VCPUReg_*) of the vCPU object. */
uint64_t vcpu_regs_read(seL4_CPtr object, seL4_Word reg);

/** State after a reset of vCPU number `vcpu`: MMU and caches off, timer off. */
void vcpu_regs_reset(seL4_CPtr object, uint32_t vcpu);

/**
 * Change *context (its first CONTEXT_PSTATE words are valid) and the object's registers so that the guest
 * takes a synchronous exception with syndrome `esr` where it stands. For an abort, the class in `esr` is that
 * of a lower exception level; it is corrected if the guest is at EL1.
 */
void vcpu_regs_take_exception(seL4_CPtr object, seL4_UserContext *context, uint64_t esr);
