/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's stores that become notifications. */
#include "kernel/core/doorbell.h"

#include "kernel/core/account.h"
#include "kernel/core/list.h"
#include "kernel/core/notification.h"
#include "kernel/core/trace.h"

#define DEFERRED offsetof(struct thread, deferred)

static uint64_t ticks(uint32_t delay_us)
{
    return (uint64_t)delay_us * arch_frequency() / 1000000u;
}

/* Whether the vCPU is sending a burst: it rang a moment ago. */
static bool is_burst(struct vcpu *vcpu, uint32_t delay_us)
{
    const uint64_t now = arch_now();
    const bool burst = now - vcpu->rang_at < ticks(delay_us);

    vcpu->rang_at = now;
    return burst;
}

void doorbell_ring(struct vcpu *vcpu, struct pd *pd, uint64_t bits, uint32_t delay_us)
{
    if (delay_us == 0 || !kernel_is_local(&pd->thread) || !is_burst(vcpu, delay_us)) {
        notification_send(pd, bits);
        return;
    }
    arch_fetch_or(&pd->notifications, bits);
    if (pd->thread.state == THREAD_WAITING && !list_contains(&pd->thread, DEFERRED)) {
        pd->thread.deferred_until = arch_now() + ticks(delay_us);
        list_append(&pd->thread.core->deferred_pds, &pd->thread, DEFERRED);
    }
}

void doorbell_flush(struct core *core)
{
    struct thread *thread;

    while ((thread = core->deferred_pds.head) != NULL) {
        list_remove(thread, DEFERRED);
        notification_deliver(kernel_pd(thread));
    }
}

void doorbell_tick(struct core *core, uint64_t now)
{
    struct thread *next;

    for (struct thread *thread = core->deferred_pds.head; thread != NULL; thread = next) {
        next = thread->deferred.next;
        if (now < thread->deferred_until) {
            continue;
        }
        list_remove(thread, DEFERRED);
        notification_deliver(kernel_pd(thread));
    }
}

static bool doorbell_hits(const struct sysdesc_doorbell *bell, uint32_t width_bytes, uint64_t value)
{
    if (bell->width_bytes != 0 && bell->width_bytes != width_bytes) {
        return false;
    }
    return (bell->flags & SYSDESC_DOORBELL_MATCH) == 0 || bell->value == value;
}

/* Its rows are few: at most those of this virtual machine. */
bool doorbell_store(struct vcpu *vcpu, uint64_t gpa, uint32_t width_bytes, uint64_t value)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    const struct sysdesc_doorbell *bells = &kernel->doorbells[vcpu->row->doorbell_first];
    const uint64_t *gpas = &kernel->doorbell_gpas[vcpu->row->doorbell_first];

    const uint32_t count = vcpu->row->doorbell_count;

    for (uint32_t i = 0; i < count; i++) {
        if (__atomic_load_n(&gpas[i], __ATOMIC_RELAXED) != gpa ||
            !doorbell_hits(&bells[i], width_bytes, value)) {
            continue;
        }
        kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_DOORBELL);
        trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_DOORBELL, &vcpu->thread, gpa | SYSDESC_TRACE_STORE);
        if ((bells[i].flags & SYSDESC_DOORBELL_IGNORE) == 0) {
            kernel_count(vcpu->thread.core, SYSCALL_COUNTER_NOTIFICATIONS);
            trace_event(vcpu->thread.core, SYSDESC_TRACE_NOTIFY, &vcpu->thread,
                        bells[i].pd | (uint64_t)bells[i].channel << 8);
            account_ask(&vcpu->thread, &kernel->pds[bells[i].pd]);
            doorbell_ring(vcpu, &kernel->pds[bells[i].pd], 1ull << bells[i].channel, bells[i].delay_us);
        }
        return true;
    }
    return false;
}

enum syscall_status doorbell_move(struct vcpu *vcpu, uint64_t described, uint64_t gpa)
{
    struct kernel *kernel = vcpu->thread.core->kernel;
    enum syscall_status status = SYSCALL_INVALID;

    for (uint32_t i = 0; i < vcpu->row->doorbell_count; i++) {
        const uint32_t index = vcpu->row->doorbell_first + i;

        if (kernel->doorbells[index].gpa == described) {
            /* A vCPU of another core may see it a moment later, as with a BAR that is written. */
            __atomic_store_n(&kernel->doorbell_gpas[index], gpa, __ATOMIC_RELAXED);
            status = SYSCALL_OK;
        }
    }
    return status;
}
