/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/syscall.h"

#include "kernel/core/account.h"
#include "kernel/core/charge.h"
#include "kernel/core/fault.h"
#include "kernel/core/irq.h"
#include "kernel/core/klog.h"
#include "kernel/core/mail.h"
#include "kernel/core/notification.h"
#include "kernel/core/observe.h"
#include "kernel/core/posted_irq.h"
#include "kernel/core/ppc.h"
#include "kernel/core/request.h"
#include "kernel/core/route.h"
#include "kernel/core/sched.h"
#include "kernel/core/syndrome.h"
#include "kernel/core/trace.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/include/smccc.h"
#include "microkit/include/sel4/sel4.h"

#define DEBUG_WRITE_BYTES 48u

/* The channel's row if it is of `kind`, else NULL. */
static const struct sysdesc_channel *find_channel(const struct pd *pd, uint64_t channel, uint32_t kind)
{
    if (channel >= SYSDESC_MAX_CHANNELS || (pd->row->channels[channel].kind & kind) == 0) {
        return NULL;
    }
    return &pd->row->channels[channel];
}

static enum syscall_status notify(struct pd *pd, uint64_t channel)
{
    const struct sysdesc_channel *row;

    if (channel >= SYSDESC_POST_BASE) {
        return posted_irq_send(pd, channel - SYSDESC_POST_BASE);
    }
    row = find_channel(pd, channel, SYSDESC_CHANNEL_NOTIFY);
    if (row == NULL) {
        return SYSCALL_DENIED;
    }
    kernel_count(pd->thread.core, SYSCALL_COUNTER_NOTIFICATIONS);
    trace_event(pd->thread.core, SYSDESC_TRACE_NOTIFY, &pd->thread,
                row->peer | (uint64_t)row->peer_channel << 8);
    account_ask(&pd->thread, &pd->thread.core->kernel->pds[row->peer]);
    notification_send(&pd->thread.core->kernel->pds[row->peer], 1ull << row->peer_channel);
    return SYSCALL_OK;
}

static enum syscall_status acknowledge(struct pd *pd, uint64_t channel)
{
    if (find_channel(pd, channel, SYSDESC_CHANNEL_IRQ) == NULL) {
        return SYSCALL_DENIED;
    }
    irq_ack(pd, (uint32_t)channel);
    return SYSCALL_OK;
}

static enum syscall_status call(struct pd *pd, uint64_t channel, uint64_t message_info)
{
    const struct sysdesc_channel *row = find_channel(pd, channel, SYSDESC_CHANNEL_PPC);

    return row == NULL ? SYSCALL_DENIED : ppc_call(pd, row, message_info);
}

/* The message goes back to the core of who has faulted. */
static void reply_far(struct thread *thread, uint64_t label, uint32_t count, const uint64_t *words)
{
    struct thread_reply *reply = &thread->reply;

    reply->label = label;
    reply->count = count < THREAD_FAULT_WORDS ? count : THREAD_FAULT_WORDS;
    for (uint32_t i = 0; i < reply->count; i++) {
        reply->words[i] = words[i];
    }
    mail_post(thread->core, MAIL_REPLY, kernel_number(thread));
}

static void reply(struct pd *pd, uint64_t message_info)
{
    struct thread *thread = ppc_reply(pd, message_info);
    const uint64_t label = message_info >> 12;

    if (thread == NULL) {
        return;
    }
    if (thread->core != pd->thread.core) {
        reply_far(thread, label, ppc_message_count(message_info), pd->words);
    } else if (thread->kind == THREAD_VCPU) {
        vcpu_exit_reply(kernel_vcpu(thread), label, ppc_message_count(message_info), pd->words);
    } else {
        fault_reply(kernel_pd(thread), label, ppc_message_count(message_info), pd->words);
    }
}

static void wait(struct pd *pd)
{
    const struct arch_context *context = &pd->thread.context;
    uint64_t flags = context->x[0];
    uint64_t message_info = context->x[1];
    uint64_t channel = context->x[2];

    if ((flags & SYSCALL_WAIT_REPLY) != 0) {
        reply(pd, message_info);
    } else {
        ppc_abandon(pd);
    }
    if ((flags & SYSCALL_WAIT_NOTIFY) != 0) {
        (void)notify(pd, channel);
    }
    if ((flags & SYSCALL_WAIT_ACK) != 0) {
        (void)acknowledge(pd, channel);
    }
    klog_pd_flush(pd);
    pd->thread.state = THREAD_WAITING;
    notification_deliver(pd);
    ppc_deliver(pd);
    sched_update(&pd->thread);
}

static enum syscall_status debug_write(struct pd *pd)
{
    uint64_t count = pd->thread.context.x[0];
    char bytes[DEBUG_WRITE_BYTES];

    if (count > DEBUG_WRITE_BYTES) {
        return SYSCALL_INVALID;
    }
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (char)(pd->thread.context.x[1 + i / 8] >> (i % 8 * 8));
    }
    klog_pd_write(pd, bytes, (uint32_t)count);
    return SYSCALL_OK;
}

static bool may_call_firmware(const struct pd *pd, uint32_t function)
{
    bool may = false;

    for (uint32_t i = 0; i < SYSDESC_MAX_SMC_CALLS && pd->row->smc_calls[i] != 0; i++) {
        may |= pd->row->smc_calls[i] == function;
    }
    return may;
}

static void secure_monitor_call(struct pd *pd)
{
    struct arch_context *context = &pd->thread.context;
    uint64_t registers[8] = {SMCCC_NOT_SUPPORTED};

    if (may_call_firmware(pd, (uint32_t)context->x[0])) {
        registers[0] = (uint32_t)context->x[0]; /* the firmware reads w0 only, and is given no more */
        for (uint32_t i = 1; i < 7; i++) {
            registers[i] = context->x[i];
        }
        arch_smc(registers);
    }
    for (uint32_t i = 0; i < 3; i++) {
        context->x[i] = registers[i];
    }
}

/* Another core's are read while that counts on: each by itself is sound. */
static struct pd *find_child_pd(struct pd *pd, uint64_t id)
{
    if (id >= SYSDESC_MAX_CHANNELS || pd->row->children[id].kind != SYSDESC_CHILD_PD) {
        return NULL;
    }
    return &pd->thread.core->kernel->pds[pd->row->children[id].index];
}

static struct vcpu *find_child_vcpu(struct pd *pd, uint64_t id)
{
    if (id >= SYSDESC_MAX_CHANNELS || pd->row->children[id].kind != SYSDESC_CHILD_VCPU) {
        return NULL;
    }
    return &pd->thread.core->kernel->vcpus[pd->row->children[id].index];
}

/* A call that has to do with another core: the PD waits for that, and its registers are set then. */
static bool is_sent(struct pd *pd, uint64_t number)
{
    if (pd->thread.core->kernel->desc->core_count == 1 || !request_is_far(pd, number)) {
        return false;
    }
    request_send(pd, number);
    return true;
}

static enum syscall_status child_call(struct pd *pd, uint64_t number)
{
    const uint64_t *x = pd->thread.context.x;
    struct pd *child = find_child_pd(pd, x[0]);

    if (child == NULL) {
        return SYSCALL_DENIED;
    }
    return is_sent(pd, number) ? SYSCALL_OK : request_child(child, number, x[1]);
}

static enum syscall_status vcpu_call(struct pd *pd, uint64_t number)
{
    uint64_t *x = pd->thread.context.x;
    struct vcpu *vcpu = find_child_vcpu(pd, x[0]);
    uint32_t count;

    if (vcpu == NULL || (number >= SYSCALL_VCPU_READ_GROUP && (vcpu->row->flags & SYSDESC_VCPU_DEBUG) == 0)) {
        return SYSCALL_DENIED;
    }
    return is_sent(pd, number) ? SYSCALL_OK : request_vcpu(vcpu, number, x, &x[1], pd->words, &count);
}

static enum syscall_status post_call(struct pd *pd)
{
    const uint64_t *x = pd->thread.context.x;
    const struct sysdesc_channel *channel = find_channel(pd, x[0], SYSDESC_CHANNEL_NOTIFY);
    struct vcpu *vcpu = find_child_vcpu(pd, x[2]);

    if (channel == NULL || vcpu == NULL) {
        return SYSCALL_DENIED;
    }
    return is_sent(pd, SYSCALL_POST_ROUTE) ? SYSCALL_OK : posted_irq_route(pd, channel, x[1], vcpu, x[3]);
}

static enum syscall_status move_call(struct pd *pd)
{
    const uint64_t *x = pd->thread.context.x;
    struct vcpu *from = find_child_vcpu(pd, x[0]);
    struct vcpu *to = find_child_vcpu(pd, x[2]);

    if (from == NULL || to == NULL) {
        return SYSCALL_DENIED;
    }
    if (!route_is_sound(x[1])) {
        return SYSCALL_INVALID;
    }
    return from != to && is_sent(pd, SYSCALL_VIRQ_MOVE) ? SYSCALL_OK : route_move(from, x[1], to);
}

static void unknown(struct pd *pd)
{
    const struct arch_context *context = &pd->thread.context;
    uint64_t words[seL4_UnknownSyscall_Length];

    for (uint32_t i = 0; i <= seL4_UnknownSyscall_X7; i++) {
        words[i] = context->x[i];
    }
    words[seL4_UnknownSyscall_FaultIP] = context->pc;
    words[seL4_UnknownSyscall_SP] = context->sp;
    words[seL4_UnknownSyscall_LR] = context->x[30];
    words[seL4_UnknownSyscall_SPSR] = context->pstate;
    words[seL4_UnknownSyscall_Syscall] = context->x[7];
    fault_pd(pd, seL4_Fault_UnknownSyscall, words, seL4_UnknownSyscall_Length,
             (uint64_t)ESR_EC_SVC64 << ESR_EC_SHIFT | ESR_IL, context->x[7]);
}

/* Calls that only return a status. */
static enum syscall_status simple_call(struct pd *pd, uint64_t number)
{
    const uint64_t *x = pd->thread.context.x;

    switch (number) {
    case SYSCALL_NOTIFY:
        return notify(pd, x[0]);
    case SYSCALL_IRQ_ACK:
        return acknowledge(pd, x[0]);
    case SYSCALL_PD_RESTART:
    case SYSCALL_PD_STOP:
    case SYSCALL_PD_RESUME:
        return child_call(pd, number);
    case SYSCALL_DEBUG_WRITE:
        return debug_write(pd);
    case SYSCALL_YIELD:
        charge_give_way(pd->thread.core);
        return SYSCALL_OK;
    case SYSCALL_COUNTERS:
        return observe_counters(pd, x[0]);
    case SYSCALL_POST_ROUTE:
        return post_call(pd);
    case SYSCALL_TRACE_MARK:
        return trace_mark(pd, x[0]);
    case SYSCALL_VIRQ_MOVE:
        return move_call(pd);
    default:
        return vcpu_call(pd, number);
    }
}

void syscall_handle(struct pd *pd)
{
    struct arch_context *context = &pd->thread.context;
    uint64_t number = context->x[7];
    enum syscall_status status;

    kernel_count(pd->thread.core, SYSCALL_COUNTER_SYSCALLS);
    switch (number) {
    case SYSCALL_WAIT:
        wait(pd);
        return;
    case SYSCALL_PPC:
        /* x0 stays the channel while the call is under way: the server's side needs it. */
        status = call(pd, context->x[0], context->x[1]);
        if (status != SYSCALL_OK) {
            context->x[0] = status;
        }
        return;
    case SYSCALL_SMC:
        secure_monitor_call(pd);
        return;
    default:
        if (number > SYSCALL_LAST || (number > SYSCALL_SMC && number < SYSCALL_VCPU_START)) {
            unknown(pd);
            return;
        }
        status = simple_call(pd, number);
        /* One that waits for another core gets its results later. */
        if (pd->thread.state != THREAD_REMOTE) {
            context->x[0] = status;
        }
    }
}
