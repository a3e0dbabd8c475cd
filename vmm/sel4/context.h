/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Where seL4 keeps a vCPU's registers: seL4_UserContext's order, and reading no more of it than is needed.
 *
 * A register transfer costs by the word, so that an exit that needs x0 should not carry all 36.
 */
#pragma once

#include <microkit.h>

#include <stdint.h>

/** Number of the register that reads as zero. */
#define CONTEXT_ZERO_REGISTER 31u

/** Words of seL4_UserContext from its start that hold what is named. */
enum context_words {
    CONTEXT_PC = 1,
    CONTEXT_PSTATE = 3, /**< pc, sp_el0, spsr */
    CONTEXT_X3 = 7,
    CONTEXT_X7 = 11,
    CONTEXT_ALL = sizeof(seL4_UserContext) / sizeof(seL4_Word)
};

/** Words up to and with general register `number`; 31, the zero register, needs none but the PC. */
uint32_t context_words(uint32_t number);

/** Value of general register `number` in a context of which context_words(number) words are valid; 31: 0. */
uint64_t context_get(const seL4_UserContext *context, uint32_t number);

/** Set general register `number`; 31: nothing happens. */
void context_set(seL4_UserContext *context, uint32_t number, uint64_t value);
