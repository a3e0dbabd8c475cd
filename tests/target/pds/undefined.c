/* SPDX-License-Identifier: BSD-2-Clause */
/** Executes an undefined instruction, and goes on if its parent lets it. */
#include <microkit.h>

void init(void)
{
    microkit_dbg_puts("undefined: before\n");
    __asm__ volatile("udf #0");
    microkit_dbg_puts("undefined: after\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
