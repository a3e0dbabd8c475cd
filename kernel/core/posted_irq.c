/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/posted_irq.h"

#include "kernel/core/notification.h"
#include "kernel/core/vcpu_virq.h"

#define FIRST_PPI 16u

/* What row `row` of `pd` says, by way of `route`. */
static void deliver(struct pd *pd, const struct sysdesc_post *row, uint32_t route, uint32_t delay_us,
                    bool urgent)
{
    struct kernel *kernel = pd->thread.core->kernel;
    const struct sysdesc_channel *channel = &pd->row->channels[row->channel];

    if (KERNEL_POST_INTID(route) != 0 && !urgent) {
        vcpu_virq_post_next(&kernel->vcpus[KERNEL_POST_VCPU(route)], KERNEL_POST_INTID(route));
    } else if (KERNEL_POST_INTID(route) != 0) {
        vcpu_virq_post_deferred(&kernel->vcpus[KERNEL_POST_VCPU(route)], KERNEL_POST_INTID(route), delay_us);
    } else if ((channel->kind & SYSDESC_CHANNEL_NOTIFY) != 0) {
        notification_send(&kernel->pds[channel->peer], 1ull << channel->peer_channel);
    }
}

enum syscall_status posted_irq_send(struct pd *pd, uint64_t number)
{
    struct kernel *kernel = pd->thread.core->kernel;

    const bool urgent = (number & SYSDESC_POST_DEFERRABLE) == 0;

    number &= ~(uint64_t)SYSDESC_POST_DEFERRABLE;
    if (number >= pd->row->post_count) {
        return SYSCALL_DENIED;
    }
    const uint64_t index = pd->row->post_first + number;
    const struct sysdesc_post *row = &kernel->posts[index];
    kernel_count(pd->thread.core, SYSCALL_COUNTER_NOTIFICATIONS);
    deliver(pd, row, __atomic_load_n(&kernel->post_routes[index], __ATOMIC_ACQUIRE), row->delay_us, urgent);
    return SYSCALL_OK;
}

void posted_irq_reroute(const struct vcpu *from, uint32_t intid, const struct vcpu *to)
{
    struct kernel *kernel = from->thread.core->kernel;
    const uint32_t route = (uint32_t)to->thread.index << 16 | intid;

    for (uint32_t i = 0; i < kernel->desc->post_count; i++) {
        uint32_t old = (uint32_t)from->thread.index << 16 | intid;

        (void)__atomic_compare_exchange_n(&kernel->post_routes[i], &old, route, false, __ATOMIC_ACQ_REL,
                                          __ATOMIC_RELAXED);
    }
}

/* The `number`-th row that `pd` has for its channel `channel`, or post_count. */
static uint32_t find_row(const struct kernel *kernel, const struct pd *pd, uint32_t channel, uint64_t number)
{
    uint32_t i = 0;

    for (; i < pd->row->post_count; i++) {
        if (kernel->posts[pd->row->post_first + i].channel != channel) {
            continue;
        }
        if (number == 0) {
            break;
        }
        number--;
    }
    return i;
}

struct vcpu *posted_irq_target(const struct pd *vmm, const struct sysdesc_channel *channel, uint64_t number)
{
    struct kernel *kernel = vmm->thread.core->kernel;
    const struct pd *poster = &kernel->pds[channel->peer];
    const uint32_t found = find_row(kernel, poster, channel->peer_channel, number);

    if (found == poster->row->post_count) {
        return NULL;
    }
    return &kernel->vcpus[KERNEL_POST_VCPU(
        __atomic_load_n(&kernel->post_routes[poster->row->post_first + found], __ATOMIC_RELAXED))];
}

enum syscall_status posted_irq_route(struct pd *vmm, const struct sysdesc_channel *channel, uint64_t number,
                                     struct vcpu *vcpu, uint64_t intid)
{
    struct kernel *kernel = vmm->thread.core->kernel;
    struct pd *poster = &kernel->pds[channel->peer];
    const uint32_t found = find_row(kernel, poster, channel->peer_channel, number);

    if (found == poster->row->post_count) {
        return SYSCALL_DENIED;
    }
    if (intid >= VIRQ_COUNT || (intid != 0 && intid < FIRST_PPI)) {
        return SYSCALL_INVALID;
    }
    const uint32_t index = poster->row->post_first + found;
    const uint32_t route = (uint32_t)vcpu->thread.index << 16 | (uint32_t)intid;
    const uint32_t old = __atomic_exchange_n(&kernel->post_routes[index], route, __ATOMIC_ACQ_REL);

    /* One that is late goes the new way, at once: what is masked now must not get through any more. */
    if (old != route && KERNEL_POST_INTID(old) != 0 &&
        vcpu_virq_revoke_deferred(&kernel->vcpus[KERNEL_POST_VCPU(old)], KERNEL_POST_INTID(old))) {
        deliver(poster, &kernel->posts[index], route, 0, true);
    }
    return SYSCALL_OK;
}
