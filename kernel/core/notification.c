/* SPDX-License-Identifier: BSD-2-Clause */
/* Notification words, also from core to core. */
#include "kernel/core/notification.h"

#include "kernel/core/mail.h"
#include "kernel/core/sched.h"

/*
 * The PD sleeps from here on if nothing has come: who notifies it from another core has to say so. Either
 * that core sees `listening`, or what it has set is seen here: each writes its word before it reads the
 * other's, all four sequentially consistent (Dekker; send_far() is the other side).
 */
static uint64_t listen(struct pd *pd)
{
    __atomic_store_n(&pd->listening, 1, __ATOMIC_SEQ_CST);
    return __atomic_exchange_n(&pd->notifications, 0, __ATOMIC_SEQ_CST);
}

void notification_deliver(struct pd *pd)
{
    struct arch_context *context = &pd->thread.context;

    if (pd->thread.state != THREAD_WAITING) {
        return;
    }
    uint64_t bits = arch_exchange(&pd->notifications, 0);
    if (bits == 0 && pd->thread.core->kernel->desc->core_count > 1) {
        bits = listen(pd);
    }
    if (bits == 0) {
        return;
    }
    __atomic_store_n(&pd->listening, 0, __ATOMIC_RELAXED);
    context->x[0] = SYSCALL_EVENT_NOTIFIED;
    context->x[1] = bits;
    context->x[2] = 0;
    pd->thread.state = THREAD_READY;
    sched_update(&pd->thread);
}

static void send_far(struct pd *pd, uint64_t bits)
{
    __atomic_fetch_or(&pd->notifications, bits, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&pd->listening, __ATOMIC_SEQ_CST) != 0) {
        mail_post(pd->thread.core, MAIL_NOTIFIED, kernel_number(&pd->thread));
    }
}

void notification_send(struct pd *pd, uint64_t bits)
{
    /* Only the PD's own core may look at its state. */
    if (!kernel_is_local(&pd->thread)) {
        send_far(pd, bits);
        return;
    }
    arch_fetch_or(&pd->notifications, bits);
    notification_deliver(pd);
}
