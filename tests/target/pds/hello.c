/* SPDX-License-Identifier: BSD-2-Clause */
/** Says hello, and again for each notification. */
#include <microkit.h>

void init(void)
{
    microkit_dbg_puts("hello from ");
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts("\n");
}

void notified(microkit_channel ch)
{
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(" notified on ");
    microkit_dbg_put32(ch);
    microkit_dbg_puts("\n");
}
