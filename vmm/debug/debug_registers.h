/* SPDX-License-Identifier: BSD-2-Clause */
/** A vCPU's registers as gdb numbers them: org.gnu.gdb.aarch64.core and .fpu. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/debug/rsp.h"
#include "vmm/debug/walk.h"
#include "vmm/platform.h"

/** x0..x30, sp, pc, cpsr, v0..v31, fpsr, fpcr. */
#define DEBUG_REGISTER_COUNT 68u

/** What a vCPU's registers are now. */
struct debug_registers {
    uint64_t core[PLATFORM_DEBUG_WORDS];
    uint64_t fp[32 + PLATFORM_DEBUG_WORDS]; /**< V0..V31, two words each, FPCR, FPSR; room for whole groups */
};

/** The description of the registers for gdb into `text`; returns its length. */
#define DEBUG_REGISTERS_XML_BYTES 4096u
size_t debug_registers_describe(char text[DEBUG_REGISTERS_XML_BYTES]);

/** Read those of `vcpu`. False: the platform doesn't let us. */
bool debug_registers_read(uint32_t vcpu, struct debug_registers *registers);

/** Its program counter. */
uint64_t debug_registers_pc(uint32_t vcpu);

/** How it translates addresses. */
bool debug_registers_regime(uint32_t vcpu, struct walk_regime *regime);

/** How many breakpoints and watchpoints it has. */
void debug_registers_points(uint32_t vcpu, uint32_t *breakpoints, uint32_t *watchpoints);

/** Put the value of gdb's register `number` into a reply. False: there is none. */
bool debug_registers_put(const struct debug_registers *registers, uint32_t number, struct rsp_reply *reply);

/** Take the value of register `number` from `text` and write it. False: malformed, or refused. */
bool debug_registers_take(uint32_t vcpu, uint32_t number, const char **text);
