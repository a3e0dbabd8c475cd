/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/child.h"

#include "kernel/core/irq.h"
#include "kernel/core/klog.h"
#include "kernel/core/ppc.h"
#include "kernel/core/sched.h"
#include "kernel/core/trace.h"

void child_stop(struct pd *pd)
{
    trace_event(pd->thread.core, SYSDESC_TRACE_STOP, &pd->thread, 0);
    pd->thread.suspended = true;
    sched_update(&pd->thread);
}

void child_restart(struct pd *pd, uint64_t entry)
{
    klog_pd_flush(pd);
    if (pd->thread.is_away) {
        /* Its message is another core's: it starts when that has sent it back. */
        if (!pd->thread.restarts) {
            ppc_call_back(&pd->thread);
        }
        pd->thread.restarts = true;
        pd->thread.restart_entry = entry;
        child_stop(pd);
        return;
    }
    trace_event(pd->thread.core, SYSDESC_TRACE_START, &pd->thread, entry);
    pd->thread.restarts = false;
    ppc_cancel(&pd->thread);
    ppc_abandon(pd);
    irq_ack_all(pd);
    pd->request.is_orphan = pd->request.is_busy;
    arch_pd_reset(&pd->thread, entry, SYSDESC_PD_STACK_TOP);
    pd->thread.state = THREAD_READY;
    pd->thread.suspended = false;
    pd->dead = false;
    sched_update(&pd->thread);
}

void child_resume(struct pd *pd)
{
    pd->thread.suspended = false;
    if (pd->thread.state == THREAD_FAULTED) {
        ppc_cancel(&pd->thread);
        pd->thread.state = THREAD_READY;
        pd->dead = false;
    }
    sched_update(&pd->thread);
}
