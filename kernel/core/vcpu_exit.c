/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits of vCPUs: to a doorbell, to the VMM and back. */
#include "kernel/core/vcpu_exit.h"

#include "kernel/core/doorbell.h"
#include "kernel/core/ppc.h"
#include "kernel/core/sched.h"
#include "kernel/core/syndrome.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu_virq.h"

#define PSTATE_BTYPE (3ull << 10)
#define PSTATE_SS (1ull << 21)
#define SGIR_TARGETS_SHIFT 16
#define SGIR_FILTER_SHIFT 24
#define SGIR_FILTER_LIST 0u
#define SGIR_FILTER_SELF 2u
#define SGIR_FILTER_RESERVED 3u

void vcpu_exit_skip(struct vcpu *vcpu, uint64_t syndrome)
{
    struct arch_context *context = &vcpu->thread.context;

    context->pc += esr_instruction_bytes(syndrome);
    /* As the instruction would have left it: a debugger's single step is over, no branch has led here. */
    context->pstate &= ~(PSTATE_SS | PSTATE_BTYPE);
}

void vcpu_exit_inject_undef(struct vcpu *vcpu)
{
    arch_vcpu_inject(vcpu, (uint64_t)ESR_EC_UNKNOWN << ESR_EC_SHIFT | ESR_IL, 0, false);
}

void vcpu_exit_undefined(struct vcpu *vcpu)
{
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_UNDEFINED);
    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_UNDEFINED, &vcpu->thread, vcpu->thread.context.pc);
    vcpu_exit_inject_undef(vcpu);
}

static uint64_t read_register(const struct vcpu *vcpu, uint32_t reg)
{
    return reg < 31 ? vcpu->thread.context.x[reg] : 0;
}

static void write_register(struct vcpu *vcpu, uint32_t reg, uint64_t value)
{
    if (reg < 31) {
        vcpu->thread.context.x[reg] = value;
    }
}

void vcpu_exit_message(struct vcpu *vcpu, uint64_t label, const uint64_t *words, uint32_t count)
{
    struct pd *vmm = &vcpu->thread.core->kernel->pds[vcpu->row->parent];

    ppc_stop(&vcpu->thread, label, words, count);
    if (!kernel_is_local(&vmm->thread) || !vmm->dead) {
        ppc_send_fault(&vcpu->thread, vmm);
    }
}

/* GICD_SGIR (IHI 0048B 4.3.15). False: it is none, or its filter is reserved. */
static bool send_sgi(struct vcpu *vcpu, uint64_t gpa, uint32_t width_bytes, uint64_t value)
{
    const uint32_t own = 1u << (vcpu->thread.index - vcpu->vm_first);
    const uint32_t filter = (uint32_t)value >> SGIR_FILTER_SHIFT & 3;
    uint32_t targets = (uint32_t)value >> SGIR_TARGETS_SHIFT & 0xff;

    if (gpa != vcpu->row->sgir_gpa || width_bytes != 4 || filter == SGIR_FILTER_RESERVED) {
        return false;
    }
    if (filter != SGIR_FILTER_LIST) {
        targets = filter == SGIR_FILTER_SELF ? own : ~own;
    }
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_DOORBELL);
    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_DOORBELL, &vcpu->thread, gpa | SYSDESC_TRACE_STORE);
    vcpu_virq_send_sgi(vcpu, (uint32_t)value & 0xf, targets);
    return true;
}

void vcpu_exit_abort(struct vcpu *vcpu, uint64_t syndrome, uint64_t gpa, uint64_t address)
{
    struct esr_access access;
    bool decoded = esr_decode(syndrome, &access);
    uint64_t value = 0;

    if (decoded && access.is_write) {
        value = esr_store_value(&access, read_register(vcpu, access.reg));
        if (send_sgi(vcpu, gpa, access.width_bytes, value) ||
            doorbell_store(vcpu, gpa, access.width_bytes, value)) {
            vcpu_exit_skip(vcpu, syndrome);
            return;
        }
    }
    const uint64_t words[] = {gpa, syndrome, value, vcpu->thread.context.pc, address};
    kernel_count(vcpu->thread.core, SYSCALL_COUNTER_EXIT_MMIO);
    trace_event(vcpu->thread.core, SYSDESC_TRACE_EXIT_MMIO, &vcpu->thread,
                gpa | (decoded && access.is_write ? SYSDESC_TRACE_STORE : 0));
    vcpu_exit_message(vcpu, SYSCALL_VCPU_FAULT_ABORT, words, 5);
}

/* Label DONE: do what the instruction would have done. */
static void complete(struct vcpu *vcpu, uint64_t fault_label, uint32_t count, const uint64_t *words)
{
    struct thread *thread = &vcpu->thread;
    uint64_t value = count > 0 ? words[0] : 0;
    struct esr_access access;

    switch (fault_label) {
    case SYSCALL_VCPU_FAULT_ABORT:
        /* Without a description of the access all that can be done is to run it again. */
        if (!esr_decode(thread->fault_words[1], &access)) {
            break;
        }
        if (!access.is_write) {
            write_register(vcpu, access.reg, esr_load_value(&access, value));
        }
        vcpu_exit_skip(vcpu, thread->fault_words[1]);
        break;
    case SYSCALL_VCPU_FAULT_CALL:
        for (uint32_t i = 0; i < 4 && i < count; i++) {
            thread->context.x[i] = words[i];
        }
        /* HVC returns behind itself, a trapped SMC to itself (Arm ARM D1.3.2). */
        if (thread->fault_words[0] == 1) {
            thread->context.pc += 4;
        }
        break;
    default:
        break;
    }
}

/* Synchronous external abort at the faulting access, as the guest's own memory system would report it. */
static void inject_abort(struct vcpu *vcpu)
{
    struct thread *thread = &vcpu->thread;
    bool is_abort = thread->message_info >> 12 == SYSCALL_VCPU_FAULT_ABORT;
    uint64_t syndrome = thread->fault_words[is_abort ? 1 : 0];
    uint64_t address = thread->fault_words[is_abort ? 4 : 1];
    bool instruction = esr_class(syndrome) == ESR_EC_IABORT;
    bool from_el1 = (thread->context.pstate & 0x1f) >= 4 && (thread->context.pstate & 0x10) == 0;
    uint64_t class = instruction ? ESR_EC_IABORT : ESR_EC_DABORT;

    arch_vcpu_inject(vcpu,
                     (class + (from_el1 ? 1 : 0)) << ESR_EC_SHIFT | (syndrome & ESR_IL) |
                         (instruction ? 0 : syndrome & ESR_WNR) | ESR_EXTERNAL,
                     address, true);
}

static void finish(struct vcpu *vcpu, uint64_t label, uint32_t count, const uint64_t *words)
{
    struct thread *thread = &vcpu->thread;
    uint64_t fault_label = thread->message_info >> 12;

    switch (label) {
    case SYSCALL_VCPU_REPLY_DONE:
        complete(vcpu, fault_label, count, words);
        break;
    case SYSCALL_VCPU_REPLY_UNDEF:
        /* The exception is taken from the instruction, and an HVC's PC is already behind it. */
        if (fault_label == SYSCALL_VCPU_FAULT_CALL && thread->fault_words[0] == 0) {
            thread->context.pc -= 4;
        }
        vcpu_exit_inject_undef(vcpu);
        break;
    case SYSCALL_VCPU_REPLY_ABORT:
        inject_abort(vcpu);
        break;
    case SYSCALL_VCPU_REPLY_BRK:
        if (fault_label == SYSCALL_VCPU_FAULT_DEBUG && esr_class(thread->fault_words[0]) == ESR_EC_BRK64) {
            arch_vcpu_inject(vcpu, thread->fault_words[0], 0, false);
        }
        break;
    default:
        break;
    }
}

void vcpu_exit_reply(struct vcpu *vcpu, uint64_t label, uint32_t count, const uint64_t *words)
{
    if (vcpu->thread.state != THREAD_FAULTED) {
        return;
    }
    trace_event(vcpu->thread.core, SYSDESC_TRACE_RESUME, &vcpu->thread, label);
    finish(vcpu, label, count, words);
    vcpu->thread.state = THREAD_READY;
    /* Its VMM's time is its own (account.h): in front of its equals, if that leaves some of its slice. */
    sched_resume(&vcpu->thread);
}
