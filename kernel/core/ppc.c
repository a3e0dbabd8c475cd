/* SPDX-License-Identifier: BSD-2-Clause */
#include "kernel/core/ppc.h"

#include "kernel/core/account.h"
#include "kernel/core/charge.h"
#include "kernel/core/list.h"
#include "kernel/core/sched.h"

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
    list_remove(thread, CALL);
    account_ask(thread, pd);
    pd->caller = thread;
    context->x[2] = thread->message_info;
    if (thread->state == THREAD_CALLING) {
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
    list_append(&server->callers, thread, CALL);
    ppc_deliver(server);
}

enum syscall_status ppc_call(struct pd *pd, const struct sysdesc_channel *channel, uint64_t message_info)
{
    struct thread *thread = &pd->thread;
    struct pd *server = &thread->core->kernel->pds[channel->peer];

    if (server->row->priority <= pd->row->priority || server->thread.core != thread->core) {
        return SYSCALL_DENIED;
    }
    if (server->dead) {
        return SYSCALL_INVALID;
    }
    thread->message_info = message_info;
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
    thread->context.x[0] = status;
    thread->context.x[1] = message_info;
    thread->state = THREAD_READY;
    sched_update(thread);
}

struct thread *ppc_reply(struct pd *pd, uint64_t message_info)
{
    struct thread *thread = pd->caller;

    if (thread == NULL) {
        return NULL;
    }
    pd->caller = NULL;
    if (thread->state == THREAD_CALLING) {
        copy_words(kernel_pd(thread)->words, pd->words, ppc_message_count(message_info));
        charge_set_payer(&pd->thread, &pd->thread.own);
        finish_call(thread, SYSCALL_OK, message_info);
        return NULL;
    }
    thread->server = NULL;
    return thread;
}

void ppc_cancel(struct thread *thread)
{
    struct pd *server = thread->server;

    list_remove(thread, CALL);
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
    if (thread->state == THREAD_CALLING) {
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
        list_remove(thread, CALL);
        pd->caller = thread;
        ppc_abandon(pd);
    }
}
