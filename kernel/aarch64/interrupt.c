/* SPDX-License-Identifier: BSD-2-Clause */
/* What each physical interrupt leads to, and the idle loop. Knows no interrupt controller: irqchip.h. */
#include "kernel/aarch64/interrupt.h"

#include "kernel/aarch64/cpu.h"
#include "kernel/aarch64/irqchip.h"
#include "kernel/aarch64/list_registers.h"
#include "kernel/aarch64/panic.h"
#include "kernel/aarch64/sysreg.h"
#include "kernel/core/charge.h"
#include "kernel/core/dispatch.h"
#include "kernel/core/irq.h"
#include "kernel/core/remote.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu_virq.h"

#define HANDLE_MAX 8u /* a turn; what is left traps again */
#define LINKED_EXITS_HZ 1000u

void arch_kick(uint32_t core_id)
{
    irqchip_kick(&cpu_this_core()->kernel->cores[core_id]);
}

/* For a controller whose driver does not route interrupts to another core: systems on it have one. */
__attribute__((weak)) void arch_irq_route(struct core *to, uint32_t intid)
{
    (void)intid;
    panic_stop(to->kernel, "this interrupt controller is for systems on one core");
}

/* What was written before the SGI was sent is read after it was taken: pairs with irqchip_kick(). */
static struct thread *look(struct core *core)
{
    __asm__ volatile("dmb ishld" ::: "memory");
    return remote_look(core);
}

/* The virtual timer's physical interrupt: whether a vCPU takes it, and it stays active. */
static bool pend_vtimer(struct core *core)
{
    if (core->loaded == NULL) {
        return false;
    }
    vcpu_virq_pend_hw(core->loaded, core->loaded->row->vtimer_intid, core->kernel->desc->board.vtimer_irq);
    return true;
}

/* Returns whether the interrupt is over; else somebody deactivates it later. `*thread`: the one it was for. */
static bool dispatch(struct core *core, uint32_t intid, struct thread **thread)
{
    const struct sysdesc_board *board = &core->kernel->desc->board;

    if (intid == IRQCHIP_SGI_KICK) {
        *thread = look(core);
    } else if (intid == board->vtimer_irq) {
        *thread = core->loaded != NULL ? &core->loaded->thread : NULL;
        return !pend_vtimer(core);
    } else if (intid == board->hyptimer_irq) {
        *thread = dispatch_tick(core);
    } else if (intid == board->maintenance_irq) {
        list_registers_maintain(core);
    } else {
        *thread = irq_deliver(core, intid);
        return false;
    }
    return true;
}

/* Is a physical interrupt waiting? (ISR_EL1 at EL2, Arm ARM D19.2.60) */
static bool is_pending(void)
{
    return (SYSREG_READ(isr_el1) & ISR_EL1_I) != 0;
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
        trace_event(core, SYSDESC_TRACE_IRQ, core->current, taken & IRQCHIP_INTID_MASK);
        if (dispatch(core, taken & IRQCHIP_INTID_MASK, &thread)) {
            irqchip_deactivate(core, taken);
        }
        charge_interrupt(core, since, thread);
        if (!is_pending()) {
            return;
        }
    }
}

/* A guest that ends a linked interrupt whose line is high again, and then computes without an exit: where the
   controller does not look at the line, the guest would wait for its next tick forever. So have an exit
   soon; that the exit looks again is arch_virq_sync()'s doing. */
static void exit_soon(struct core *core)
{
    uint64_t deadline = arch_now() + arch_frequency() / LINKED_EXITS_HZ;

    if (deadline < core->deadline) {
        core->deadline = deadline;
        core->need_resched = true; /* so that the next exit sets it again */
        arch_timer_set(core, deadline);
    }
}

/* Who runs next. What has come in since the exit is handled before a switch that it would undo; and what
   comes with the switch, as the timer's interrupt of a vCPU that was woken for it does, before the way out
   and in again. Either once: what is left traps. */
static struct thread *choose(struct core *core)
{
    if (is_pending()) {
        interrupt_handle(core);
    }
    struct thread *thread = dispatch_enter(core);
    if (is_pending()) {
        interrupt_handle(core);
        thread = dispatch_enter(core);
    }
    return thread;
}

void interrupt_return(struct core *core)
{
    struct thread *thread;

    while ((thread = choose(core)) == NULL) {
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
