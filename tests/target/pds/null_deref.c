/* SPDX-License-Identifier: BSD-2-Clause */
/** Writes through a null pointer. */
#include <microkit.h>
#include <stdint.h>

void init(void)
{
    /* Volatile, so that the compiler doesn't see what is about to happen. */
    volatile uintptr_t address = 8;

    microkit_dbg_puts("null_deref: about to fault\n");
    *(volatile uint32_t *)address = 1;
    microkit_dbg_puts("null_deref: still alive\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
