/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Switching between PDs and vCPUs.
 *
 * Two layers: a few registers change whenever another thread runs; the EL1 registers, virtual timer and GIC
 * state stay in the hardware until another vCPU needs it, so a guest's trip to its VMM and back doesn't move
 * them.
 */
#pragma once

#include "kernel/core/kernel.h"

/** Whether `thread` is a vCPU that has SVE: it is granted it, and the core has it. */
bool switch_has_sve(const struct thread *thread);

/** The FP/SIMD registers of `thread` are in its struct and not in the hardware, until it uses them again. */
void switch_park_fp(struct thread *thread);

/** Where the low half of Vn is then, with the high half behind it. */
uint64_t *switch_vector(struct thread *thread, uint32_t n);

/** The running thread used FP/SIMD or, if it has that, SVE, which is not open to it yet. */
void switch_open_fp(struct core *core);

/** The running vCPU's WFE need not trap before it is switched to again: nobody else of its VM can run. */
void switch_open_wfe(const struct core *core);
