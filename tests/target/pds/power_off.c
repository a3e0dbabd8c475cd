/* SPDX-License-Identifier: BSD-2-Clause */
/** Switches the machine off, if it may. */
#include <microkit.h>

#define PSCI_SYSTEM_OFF 0x84000008u

void init(void)
{
    seL4_ARM_SMCContext call = {.x0 = PSCI_SYSTEM_OFF};
    seL4_ARM_SMCContext response;

    microkit_arm_smc_call(&call, &response);
    microkit_dbg_puts(microkit_name);
    microkit_dbg_puts(": still on\n");
}

void notified(microkit_channel ch)
{
    (void)ch;
}
