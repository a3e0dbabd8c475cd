/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/context.h"

#include <stddef.h>

#define WORD(name) (offsetof(seL4_UserContext, name) / sizeof(seL4_Word))

/* Indices of x0 to x30 (libsel4: the frame registers first, then the others). */
static const uint8_t words[CONTEXT_ZERO_REGISTER] = {
    WORD(x0),  WORD(x1),  WORD(x2),  WORD(x3),  WORD(x4),  WORD(x5),  WORD(x6),  WORD(x7),
    WORD(x8),  WORD(x9),  WORD(x10), WORD(x11), WORD(x12), WORD(x13), WORD(x14), WORD(x15),
    WORD(x16), WORD(x17), WORD(x18), WORD(x19), WORD(x20), WORD(x21), WORD(x22), WORD(x23),
    WORD(x24), WORD(x25), WORD(x26), WORD(x27), WORD(x28), WORD(x29), WORD(x30),
};

uint32_t context_words(uint32_t number)
{
    return number < CONTEXT_ZERO_REGISTER ? words[number] + 1u : CONTEXT_PC;
}

uint64_t context_get(const seL4_UserContext *context, uint32_t number)
{
    return number < CONTEXT_ZERO_REGISTER ? ((const seL4_Word *)context)[words[number]] : 0;
}

void context_set(seL4_UserContext *context, uint32_t number, uint64_t value)
{
    if (number < CONTEXT_ZERO_REGISTER) {
        ((seL4_Word *)context)[words[number]] = value;
    }
}
