/* SPDX-License-Identifier: BSD-2-Clause */
/** Time and the core's one timer: the EL2 physical timer (Arm ARM D11). */
#include "kernel/aarch64/sysreg.h"
#include "kernel/core/kernel.h"

uint64_t arch_now(void)
{
    /* Without the barrier the counter may be read early, before what it is to measure. */
    sysreg_isb();
    return SYSREG_READ(cntpct_el0);
}

uint64_t arch_frequency(void)
{
    return SYSREG_READ(cntfrq_el0);
}

void arch_timer_set(struct core *core, uint64_t deadline)
{
    (void)core;
    if (deadline == ARCH_NEVER) {
        SYSREG_WRITE(cnthp_ctl_el2, 0);
    } else {
        SYSREG_WRITE(cnthp_cval_el2, deadline);
        SYSREG_WRITE(cnthp_ctl_el2, CNT_CTL_ENABLE);
    }
    sysreg_isb();
}
