/* SPDX-License-Identifier: BSD-2-Clause */
/** start.S: entry of the boot core and of those that it starts. */
#pragma once

#include <stdint.h>

#include "kernel/include/sysdesc.h"

#define START_STACK_BYTES 0x4000u

/**
 * What a core that is started reads with its MMU off: so it has to be in memory, not in the cache of who has
 * written it. start.S knows the pairs (asm_offsets.c).
 */
struct start_core {
    uint64_t mair, tcr;
    uint64_t ttbr0, sctlr;
    uint64_t stack_top, id;
} __attribute__((aligned(64)));

/** Linked at the start of the image: where the boot loader enters. */
extern const char _start[];
/** Where a core that the firmware starts is entered: EL2, MMU off, x0 its struct start_core. */
extern const char start_secondary[];
/** End of the boot core's stack. */
extern char start_stack_top[];

/** Nothing can be done any more. */
_Noreturn void start_park(void);
