/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/fault.h"

#include "kernel/core/klog.h"
#include "kernel/core/ppc.h"
#include "kernel/core/sched.h"
#include "kernel/core/syndrome.h"
#include "kernel/core/trace.h"
#include "microkit/include/sel4/sel4.h"

#define PSTATE_FLAGS 0xf0000000ull /* NZCV: all of PSTATE that EL0 may set */

static unsigned long long value(const struct arch_context *context, uint32_t index)
{
    return context->x[index];
}

static void report(struct pd *pd, uint64_t syndrome, uint64_t address)
{
    struct kernel *kernel = pd->thread.core->kernel;
    const struct arch_context *context = &pd->thread.context;

    klog_print(kernel,
               "kernel: protection domain '%s' faulted and has no parent to handle it; it is stopped\n",
               pd->row->name);
    klog_print(kernel, "kernel:   %s, address 0x%llx\n", syndrome_text(syndrome),
               (unsigned long long)address);
    klog_print(kernel, "kernel:   pc 0x%llx, sp 0x%llx, pstate 0x%llx, esr 0x%llx\n",
               (unsigned long long)context->pc, (unsigned long long)context->sp,
               (unsigned long long)context->pstate, (unsigned long long)syndrome);
    for (uint32_t i = 0; i < 28; i += 4) {
        klog_print(kernel, "kernel:   x%-2u %016llx %016llx %016llx %016llx\n", i, value(context, i),
                   value(context, i + 1), value(context, i + 2), value(context, i + 3));
    }
    klog_print(kernel, "kernel:   x28 %016llx %016llx %016llx\n", value(context, 28), value(context, 29),
               value(context, 30));
}

void fault_pd(struct pd *pd, uint64_t label, const uint64_t *words, uint32_t count, uint64_t syndrome,
              uint64_t address)
{
    struct kernel *kernel = pd->thread.core->kernel;
    struct pd *parent = pd->row->parent == SYSDESC_NO_PARENT ? NULL : &kernel->pds[pd->row->parent];

    const bool has_handler = parent != NULL && (!kernel_is_local(&parent->thread) || !parent->dead);

    klog_pd_flush(pd);
    trace_event(pd->thread.core, has_handler ? SYSDESC_TRACE_FAULT : SYSDESC_TRACE_DIED, &pd->thread,
                pd->thread.context.pc);
    ppc_stop(&pd->thread, label, words, count);
    trace_tell(pd->thread.core);
    if (has_handler) {
        ppc_send_fault(&pd->thread, parent);
        return;
    }
    pd->dead = true;
    report(pd, syndrome, address);
    ppc_abandon_all(pd);
}

/* What seL4 lets a fault handler write back. */
static void write_back(struct pd *pd, uint64_t label, uint32_t count, const uint64_t *words)
{
    struct arch_context *context = &pd->thread.context;

    if (label == seL4_Fault_UserException) {
        if (count > seL4_UserException_FaultIP) {
            context->pc = words[seL4_UserException_FaultIP];
        }
        if (count > seL4_UserException_SP) {
            context->sp = words[seL4_UserException_SP];
        }
        if (count > seL4_UserException_SPSR) {
            context->pstate = words[seL4_UserException_SPSR] & PSTATE_FLAGS;
        }
    } else if (label == seL4_Fault_UnknownSyscall) {
        for (uint32_t i = 0; i <= seL4_UnknownSyscall_X7 && i < count; i++) {
            context->x[i] = words[i];
        }
        if (count > seL4_UnknownSyscall_FaultIP) {
            context->pc = words[seL4_UnknownSyscall_FaultIP];
        }
        if (count > seL4_UnknownSyscall_SP) {
            context->sp = words[seL4_UnknownSyscall_SP];
        }
        if (count > seL4_UnknownSyscall_LR) {
            context->x[30] = words[seL4_UnknownSyscall_LR];
        }
        if (count > seL4_UnknownSyscall_SPSR) {
            context->pstate = words[seL4_UnknownSyscall_SPSR] & PSTATE_FLAGS;
        }
    }
}

void fault_reply(struct pd *pd, uint64_t label, uint32_t count, const uint64_t *words)
{
    struct thread *thread = &pd->thread;

    if (thread->state != THREAD_FAULTED) {
        return;
    }
    uint64_t fault_label = thread->message_info >> 12;

    /* A label other than 0 leaves the PD stopped; a VMFault has nothing to be refused. */
    if (label != 0 && fault_label != seL4_Fault_VMFault) {
        return;
    }
    write_back(pd, fault_label, count, words);
    thread->state = THREAD_READY;
    sched_update(thread);
}
