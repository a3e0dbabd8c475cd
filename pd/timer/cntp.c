/* SPDX-License-Identifier: BSD-2-Clause */
#include "pd/timer/cntp.h"

enum cntp_ctl { CNTP_CTL_OFF = 0, CNTP_CTL_ENABLE = 1 };

void cntp_set(uint64_t deadline)
{
    const uint64_t control = deadline == UINT64_MAX ? CNTP_CTL_OFF : CNTP_CTL_ENABLE;

    /* The ISB lets the line fall before the caller acknowledges the interrupt. */
    __asm__ volatile("msr cntp_cval_el0, %0\n\tmsr cntp_ctl_el0, %1\n\tisb" ::"r"(deadline), "r"(control)
                     : "memory");
}
