/* SPDX-License-Identifier: BSD-2-Clause */
/* What each physical interrupt leads to, and the idle loop. Knows no interrupt controller: irqchip.h. */
#include "kernel/aarch64/interrupt.h"

#include "kernel/aarch64/irqchip.h"
#include "kernel/aarch64/list_registers.h"
#include "kernel/aarch64/world.h"
#include "kernel/core/irq.h"
#include "kernel/core/notification.h"
#include "kernel/core/sched.h"

#define HANDLE_MAX 8u /* a turn; what is left traps again */
#define LINKED_EXITS_HZ 1000u

void arch_kick(uint32_t core_id)
{
    irqchip_kick(&world_core()->kernel->cores[core_id]);
}

static void deliver_remote_notifications(struct core *core)
{
    for (uint32_t i = 0; i < core->kernel->desc->pd_count; i++) {
        if (core->kernel->pds[i].thread.core == core) {
            notification_deliver(&core->kernel->pds[i]);
        }
    }
}

/* Returns whether the interrupt is over; else somebody deactivates it later. `*thread`: whom it was for. */
static bool dispatch(struct core *core, uint32_t intid, struct thread **thread)
{
    const struct sysdesc_board *board = &core->kernel->desc->board;

    if (intid == IRQCHIP_SGI_KICK) {
        deliver_remote_notifications(core);
    } else if (intid == board->vtimer_irq) {
        *thread = core->loaded != NULL ? &core->loaded->thread : NULL;
        return !world_vtimer(core);
    } else if (intid == board->hyptimer_irq) {
        *thread = sched_tick(core);
    } else if (intid == board->maintenance_irq) {
        list_registers_maintain(core);
    } else {
        *thread = irq_deliver(core, intid);
        return false;
    }
    return true;
}

void interrupt_handle(struct core *core)
{
    for (uint32_t i = 0; i < HANDLE_MAX; i++) {
        const uint64_t since = arch_now();
        struct thread *thread = NULL;
        const uint32_t taken = irqchip_take(core);

        if (taken == IRQCHIP_NOTHING) {
            return;
        }
        kernel_count(core, SYSCALL_COUNTER_IRQS);
        if (dispatch(core, taken & IRQCHIP_INTID_MASK, &thread)) {
            irqchip_deactivate(core, taken);
        }
        sched_interrupt(core, since, thread);
    }
}

/* A guest that ends a linked interrupt whose line is high again, and then computes without an exit: where the
   controller does not look at the line, the guest would wait for its next tick for ever. So have an exit
   soon; that the exit looks again is arch_virq_sync()'s doing. */
static void exit_soon(struct core *core)
{
    uint64_t deadline = arch_now() + arch_frequency() / LINKED_EXITS_HZ;

    if (deadline < core->deadline) {
        core->deadline = deadline;
        core->stale = true; /* so that the next exit sets it anew */
        arch_timer_set(core, deadline);
    }
}

void interrupt_enter(struct core *core)
{
    struct thread *thread;

    while ((thread = sched_enter(core)) == NULL) {
        list_registers_idle(core);
        __asm__ volatile("dsb sy\n wfi" ::: "memory");
        interrupt_handle(core);
    }
    if (thread->kind == THREAD_VCPU) {
        list_registers_enter(core, kernel_vcpu(thread));
        if (irqchip_misses_lines() && list_registers_has_linked(kernel_vcpu(thread))) {
            exit_soon(core);
        }
    }
}
