/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/irq.h"

#include "kernel/core/klog.h"
#include "kernel/core/notification.h"
#include "kernel/core/vcpu_virq.h"

struct thread *irq_deliver(struct core *core, uint32_t intid)
{
    struct kernel *kernel = core->kernel;
    uint16_t index = intid < SYSDESC_MAX_IRQ ? kernel->irq_rows[intid] : KERNEL_NO_IRQ;

    if (index == KERNEL_NO_IRQ) {
        /* Never enabled, so never seen twice: leaving it active silences it. */
        klog_print(kernel, "kernel: interrupt %u belongs to nobody\n", intid);
        return NULL;
    }
    const struct sysdesc_irq *row = &kernel->irqs[index];
    if (row->kind == SYSDESC_IRQ_VCPU) {
        struct vcpu *vcpu = &kernel->vcpus[__atomic_load_n(&kernel->irq_vcpus[index], __ATOMIC_RELAXED)];

        vcpu_virq_pend_hw(vcpu, row->virq, intid);
        return &vcpu->thread;
    }
    struct pd *pd = &kernel->pds[row->target];
    pd->irqs_active |= 1ull << row->channel;
    notification_send(pd, 1ull << row->channel);
    return &pd->thread;
}

void irq_reroute(const struct vcpu *from, uint32_t virq, const struct vcpu *to)
{
    struct kernel *kernel = from->thread.core->kernel;

    for (uint32_t i = 0; i < kernel->desc->irq_count; i++) {
        const struct sysdesc_irq *row = &kernel->irqs[i];

        if (row->kind != SYSDESC_IRQ_VCPU || row->virq != virq ||
            __atomic_load_n(&kernel->irq_vcpus[i], __ATOMIC_RELAXED) != from->thread.index) {
            continue;
        }
        /* One that fires before the controller knows goes there by the inbox (vcpu_virq_pend_hw()). */
        __atomic_store_n(&kernel->irq_vcpus[i], to->thread.index, __ATOMIC_RELAXED);
        if (to->thread.core != from->thread.core) {
            arch_irq_route(to->thread.core, row->intid);
        }
    }
}

void irq_ack(struct pd *pd, uint32_t channel)
{
    uint64_t bit = 1ull << channel;

    if ((pd->irqs_active & bit) == 0) {
        return;
    }
    pd->irqs_active &= ~bit;
    arch_irq_deactivate(pd->thread.core->kernel, pd->row->channels[channel].intid);
}

void irq_ack_all(struct pd *pd)
{
    while (pd->irqs_active != 0) {
        irq_ack(pd, (uint32_t)__builtin_ctzll(pd->irqs_active));
    }
}
