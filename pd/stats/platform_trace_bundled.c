/* SPDX-License-Identifier: BSD-2-Clause */
/* It is in the IPC buffer, which the kernel reads. */
#include "pd/stats/platform_trace.h"

#include "kernel/include/sysdesc.h"

uint64_t *platform_trace_skip(void)
{
    return (uint64_t *)(uintptr_t)SYSDESC_PD_IPC_BUFFER + SYSDESC_TRACE_SKIP_WORD;
}
