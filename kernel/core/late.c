/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/late.h"

#include "kernel/core/list.h"
#include "kernel/core/notification.h"
#include "kernel/core/vcpu.h"

#define LATE offsetof(struct thread, late)

static uint64_t ticks(uint32_t delay_us)
{
    return (uint64_t)delay_us * arch_frequency() / 1000000u;
}

static void schedule(struct thread *thread, uint32_t delay_us)
{
    thread->late_time = arch_now() + ticks(delay_us);
    list_append(thread->kind == THREAD_PD ? &thread->core->late_pds : &thread->core->late_vcpus, thread,
                LATE);
}

/* Whether the vCPU is sending a burst: it rang a moment ago. */
static bool is_burst(struct vcpu *vcpu, uint32_t delay_us)
{
    const uint64_t now = arch_now();
    const bool burst = now - vcpu->rang_at < ticks(delay_us);

    vcpu->rang_at = now;
    return burst;
}

void late_ring(struct vcpu *vcpu, struct pd *pd, uint64_t bits, uint32_t delay_us)
{
    if (delay_us == 0 || arch_core_id() != pd->thread.core->id || !is_burst(vcpu, delay_us)) {
        notification_send(pd, bits);
        return;
    }
    arch_fetch_or(&pd->notifications, bits);
    if (pd->thread.state == THREAD_WAITING && !list_contains(&pd->thread, LATE))
        schedule(&pd->thread, delay_us);
}

void late_post(struct vcpu *vcpu, uint32_t intid, uint32_t delay_us)
{
    struct thread *thread = &vcpu->thread;

    if (delay_us == 0 || arch_core_id() != thread->core->id) {
        vcpu_post(vcpu, intid);
        return;
    }
    if (list_contains(thread, LATE)) {
        if (vcpu->late_intid == intid)
            return;
        list_remove(thread, LATE);
        vcpu_post(vcpu, vcpu->late_intid);
    }
    vcpu->late_intid = intid;
    schedule(thread, delay_us);
}

void late_cancel_post(struct vcpu *vcpu, uint32_t intid)
{
    if (list_contains(&vcpu->thread, LATE) && vcpu->late_intid == intid)
        list_remove(&vcpu->thread, LATE);
}

bool late_revoke_post(struct vcpu *vcpu, uint32_t intid)
{
    const bool late = list_contains(&vcpu->thread, LATE) && vcpu->late_intid == intid;

    late_cancel_post(vcpu, intid);
    return late;
}

void late_forget(struct vcpu *vcpu)
{
    list_remove(&vcpu->thread, LATE);
}

void late_flush(struct core *core)
{
    struct thread *thread;

    while ((thread = core->late_pds.head) != NULL) {
        list_remove(thread, LATE);
        notification_deliver(kernel_pd(thread));
    }
}

static void tick_list(struct thread_list *list, uint64_t now)
{
    struct thread *next;

    for (struct thread *thread = list->head; thread != NULL; thread = next) {
        next = thread->late.next;
        if (now < thread->late_time)
            continue;
        list_remove(thread, LATE);
        if (thread->kind == THREAD_PD)
            notification_deliver(kernel_pd(thread));
        else
            vcpu_post(kernel_vcpu(thread), kernel_vcpu(thread)->late_intid);
    }
}

void late_tick(struct core *core, uint64_t now)
{
    tick_list(&core->late_pds, now);
    tick_list(&core->late_vcpus, now);
}
