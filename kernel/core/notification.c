/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/notification.h"

#include "kernel/core/sched.h"

void notification_deliver(struct pd *pd)
{
    struct arch_context *context = &pd->thread.context;

    if (pd->thread.state != THREAD_WAITING) {
        return;
    }
    uint64_t bits = arch_exchange(&pd->notifications, 0);
    if (bits == 0) {
        return;
    }
    context->x[0] = SYSCALL_EVENT_NOTIFIED;
    context->x[1] = bits;
    context->x[2] = 0;
    pd->thread.state = THREAD_READY;
    sched_update(&pd->thread);
}

void notification_send(struct pd *pd, uint64_t bits)
{
    arch_fetch_or(&pd->notifications, bits);
    /* Only the PD's own core may look at its state; arch_kick() is for the others. */
    if (arch_core_id() == pd->thread.core->id) {
        notification_deliver(pd);
    } else {
        arch_kick(pd->thread.core->id);
    }
}
