/* SPDX-License-Identifier: BSD-2-Clause */
/** Uses all the time it is given. */
#include <microkit.h>

void init(void)
{
    for (;;) {
        __asm__ volatile("" ::: "memory");
    }
}

void notified(microkit_channel ch)
{
    (void)ch;
}
