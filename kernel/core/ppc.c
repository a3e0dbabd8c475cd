/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/ppc.h"

#include "kernel/core/account.h"
#include "kernel/core/charge.h"
#include "kernel/core/list.h"
#include "kernel/core/mail.h"
#include "kernel/core/sched.h"
#include "kernel/core/trace.h"

#define CALL offsetof(struct thread, call)

uint32_t ppc_message_count(uint64_t message_info)
{
    uint32_t count = (uint32_t)(message_info & 0x7f);

    return count < SYSDESC_IPC_WORDS ? count : SYSDESC_IPC_WORDS;
}

static void copy_words(uint64_t *to, const uint64_t *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

/* Which channel of the server a call came through. */
static uint64_t server_channel(struct pd *caller, uint64_t message_channel)
{
    return caller->row->channels[message_channel].peer_channel;
}

/* `pd` runs on `budget_owner` from now on, and so does who works for it, down the chain of calls to passive
   PDs. A server's priority is above its caller's: the chain ends. */
static void set_budget_owner(struct pd *pd, struct budget *budget_owner)
{
    charge_set_payer(&pd->thread, budget_owner);
    while (pd->thread.state == THREAD_CALLING && pd->thread.server != NULL) {
        struct pd *server = pd->thread.server;

        if (server->caller != &pd->thread || (server->row->flags & SYSDESC_PD_PASSIVE) == 0) {
            return;
        }
        charge_set_payer(&server->thread, budget_owner);
        pd = server;
    }
}

void ppc_deliver(struct pd *pd)
{
    struct thread *thread = pd->callers.head;
    struct arch_context *context = &pd->thread.context;

    if (pd->thread.state != THREAD_WAITING || thread == NULL) {
        return;
    }
    list_take(thread, CALL);
    account_ask(thread, pd);
    pd->caller = thread;
    context->x[2] = thread->message_info;
    if (thread->calls) {
        struct pd *caller = kernel_pd(thread);

        context->x[0] = SYSCALL_EVENT_PPC;
        context->x[1] = server_channel(caller, thread->context.x[0]);
        copy_words(pd->words, caller->words, ppc_message_count(thread->message_info));
        if ((pd->row->flags & SYSDESC_PD_PASSIVE) != 0) {
            charge_set_payer(&pd->thread, thread->budget_owner);
        }
    } else {
        context->x[0] = SYSCALL_EVENT_FAULT;
        context->x[1] =
            thread->kind == THREAD_PD ? kernel_pd(thread)->row->child_id : kernel_vcpu(thread)->row->child_id;
        copy_words(pd->words, thread->fault_words, ppc_message_count(thread->message_info));
    }
    pd->thread.state = THREAD_READY;
    sched_update(&pd->thread);
}

static void send(struct thread *thread, struct pd *server)
{
    thread->server = server;
    if (server->thread.core != thread->core) {
        thread->is_away = thread->calls;
        mail_post(server->thread.core, MAIL_MESSAGE, kernel_number(thread));
        return;
    }
    list_add(&server->callers, thread, CALL);
    ppc_deliver(server);
}

enum syscall_status ppc_call(struct pd *pd, const struct sysdesc_channel *channel, uint64_t message_info)
{
    struct thread *thread = &pd->thread;
    struct pd *server = &thread->core->kernel->pds[channel->peer];

    const bool is_far = server->thread.core != thread->core;

    /* A passive server runs on its caller's budget, which is its core's. */
    if (server->row->priority <= pd->row->priority ||
        (is_far && (server->row->flags & SYSDESC_PD_PASSIVE) != 0)) {
        return SYSCALL_DENIED;
    }
    if (!is_far && server->dead) {
        return SYSCALL_INVALID;
    }
    trace_event(thread->core, SYSDESC_TRACE_PPC, thread, channel->peer);
    thread->message_info = message_info;
    thread->calls = true;
    thread->called = channel->peer;
    thread->state = THREAD_CALLING;
    sched_update(thread);
    send(thread, server);
    return SYSCALL_OK;
}

void ppc_stop(struct thread *thread, uint64_t label, const uint64_t *words, uint32_t count)
{
    if (count > THREAD_FAULT_WORDS) {
        count = THREAD_FAULT_WORDS;
    }
    thread->message_info = label << 12 | count;
    thread->calls = false;
    for (uint32_t i = 0; i < count; i++) {
        thread->fault_words[i] = words[i];
    }
    thread->state = THREAD_FAULTED;
    sched_update(thread);
}

void ppc_send_fault(struct thread *thread, struct pd *parent)
{
    send(thread, parent);
}

/* The caller's PPC returns. */
static void finish_call(struct thread *thread, uint64_t status, uint64_t message_info)
{
    thread->server = NULL;
    if (!kernel_is_local(thread)) {
        thread->reply.label = status;
        thread->reply.words[0] = message_info;
        mail_post(thread->core, MAIL_REPLY, kernel_number(thread));
        return;
    }
    thread->context.x[0] = status;
    thread->context.x[1] = message_info;
    thread->state = THREAD_READY;
    sched_update(thread);
}

void ppc_take(struct thread *thread)
{
    struct pd *server = thread->server;

    if (!server->dead) {
        list_add(&server->callers, thread, CALL);
        ppc_deliver(server);
    } else if (thread->calls) {
        finish_call(thread, SYSCALL_INVALID, 0);
    }
}

void ppc_take_back(struct thread *thread)
{
    if (thread->server == NULL) {
        return; /* it has been answered, and the answer is under way */
    }
    ppc_cancel(thread);
    finish_call(thread, SYSCALL_INVALID, 0);
}

void ppc_take_answer(struct thread *thread)
{
    thread->is_away = false;
    if (thread->state == THREAD_CALLING) {
        finish_call(thread, thread->reply.label, thread->reply.words[0]);
    }
}

void ppc_call_back(struct thread *thread)
{
    struct kernel *kernel = thread->core->kernel;

    mail_post(kernel->pds[thread->called].thread.core, MAIL_CANCEL, kernel_number(thread));
}

struct thread *ppc_reply(struct pd *pd, uint64_t message_info)
{
    struct thread *thread = pd->caller;

    if (thread == NULL) {
        return NULL;
    }
    pd->caller = NULL;
    if (thread->calls) {
        trace_event(pd->thread.core, SYSDESC_TRACE_PPC_RETURN, &pd->thread, kernel_number(thread));
        copy_words(kernel_pd(thread)->words, pd->words, ppc_message_count(message_info));
        charge_set_payer(&pd->thread, &pd->thread.own);
        finish_call(thread, SYSCALL_OK, message_info);
        return NULL;
    }
    thread->server = NULL;
    return thread;
}

/* Whether the message of `thread` is for a PD of another core, and that core's then. */
static bool is_far(const struct thread *thread)
{
    const uint16_t parent = thread->kind == THREAD_PD ? ((const struct pd *)thread)->row->parent
                                                      : kernel_vcpu_const(thread)->row->parent;

    return thread->is_away || (!thread->calls && parent != SYSDESC_NO_PARENT &&
                               thread->core->kernel->pds[parent].thread.core != thread->core);
}

void ppc_cancel(struct thread *thread)
{
    struct pd *server;

    if (is_far(thread) && kernel_is_local(thread)) {
        return;
    }
    server = thread->server;
    if (list_contains(thread, CALL)) {
        list_take(thread, CALL);
    }
    thread->server = NULL;
    if (server != NULL && server->caller == thread) {
        server->caller = NULL;
        /* A passive server loses the time it was running on, and who works for it in turn as well: both run
           on its own. */
        set_budget_owner(server, &server->thread.own);
    }
}

void ppc_abandon(struct pd *pd)
{
    struct thread *thread = pd->caller;

    pd->caller = NULL;
    set_budget_owner(pd, &pd->thread.own);
    if (thread == NULL) {
        return;
    }
    if (thread->calls) {
        finish_call(thread, SYSCALL_INVALID, 0);
    } else {
        thread->server = NULL;
    }
}

void ppc_abandon_all(struct pd *pd)
{
    struct thread *thread;

    ppc_abandon(pd);
    while ((thread = pd->callers.head) != NULL) {
        list_take(thread, CALL);
        pd->caller = thread;
        ppc_abandon(pd);
    }
}
