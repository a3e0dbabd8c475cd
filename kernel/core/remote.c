/* SPDX-License-Identifier: BSD-2-Clause */
/* A core's mail, opened. */
#include "kernel/core/remote.h"

#include "kernel/core/child.h"
#include "kernel/core/fault.h"
#include "kernel/core/klog.h"
#include "kernel/core/mail.h"
#include "kernel/core/notification.h"
#include "kernel/core/ppc.h"
#include "kernel/core/request.h"
#include "kernel/core/vcpu_exit.h"
#include "kernel/core/vcpu_virq.h"

static struct thread *thread_of(struct kernel *kernel, uint32_t number)
{
    return number < SYSDESC_MAX_PDS ? &kernel->pds[number].thread
                                    : &kernel->vcpus[number - SYSDESC_MAX_PDS].thread;
}

static void take_reply(struct thread *thread)
{
    const struct thread_reply *reply = &thread->reply;

    if (thread->is_away) {
        ppc_take_answer(thread);
        if (thread->restarts) {
            child_restart(kernel_pd(thread), thread->restart_entry);
        }
    } else if (thread->kind == THREAD_PD) {
        fault_reply(kernel_pd(thread), reply->label, reply->count, reply->words);
    } else {
        vcpu_exit_reply(kernel_vcpu(thread), reply->label, reply->count, reply->words);
    }
}

/* Returns who pays for it: who it is for, if that is one of ours. */
static struct thread *handle(struct core *core, enum mail_kind kind, uint32_t number)
{
    struct kernel *kernel = core->kernel;
    struct thread *thread, *server;

    if (kind == MAIL_LOG) {
        klog_collect(&kernel->cores[number]);
        return NULL;
    }
    thread = thread_of(kernel, number);
    switch (kind) {
    case MAIL_NOTIFIED:
        notification_deliver(kernel_pd(thread));
        return thread;
    case MAIL_VIRQ:
        vcpu_virq_collect(kernel_vcpu(thread));
        return thread;
    case MAIL_MESSAGE:
        server = &thread->server->thread;
        ppc_take(thread);
        return server;
    case MAIL_CANCEL:
        /* It was sent behind the message that it is about, which may not have been looked at. */
        mail_drop(core, MAIL_MESSAGE, number);
        ppc_take_back(thread);
        return NULL;
    case MAIL_REPLY:
        take_reply(thread);
        return thread;
    case MAIL_REQUEST:
        request_serve(kernel_pd(thread));
        return NULL;
    default:
        request_done(kernel_pd(thread));
        return thread;
    }
}

static struct thread *handle_all(struct core *core, uint32_t word, uint64_t bits, struct thread *budget_owner)
{
    const enum mail_kind kind = (enum mail_kind)(word / MAIL_WORDS);

    word %= MAIL_WORDS;
    for (; bits != 0; bits &= bits - 1) {
        struct thread *thread = handle(core, kind, word * 64 + (uint32_t)__builtin_ctzll(bits));

        budget_owner = budget_owner != NULL ? budget_owner : thread;
    }
    return budget_owner;
}

/* Those words of mail that `words` names, by kind. */
static struct thread *handle_words(struct core *core, uint64_t words)
{
    struct thread *budget_owner = NULL;

    for (; words != 0; words &= words - 1) {
        const uint32_t word = (uint32_t)__builtin_ctzll(words);
        const uint64_t bits = mail_take(core, (enum mail_kind)(word / MAIL_WORDS), word % MAIL_WORDS);

        budget_owner = handle_all(core, word, bits, budget_owner);
    }
    return budget_owner;
}

/* What is done is taken first and looked at last: faults that were sent before it are there by then, whether
   their words are named yet or not, and a PD that has had a thread stopped finds all that thread's faults
   among those (request.h). */
static struct thread *handle_done(struct core *core)
{
    uint64_t done[MAIL_WORDS];

    for (uint32_t i = 0; i < MAIL_WORDS; i++) {
        done[i] = mail_take(core, MAIL_DONE, i);
    }
    struct thread *budget_owner =
        handle_words(core, ((1ull << MAIL_BIT(MAIL_KINDS, 0)) - 1) & ~MAIL_BITS(MAIL_DONE));
    for (uint32_t i = 0; i < MAIL_WORDS; i++) {
        budget_owner = handle_all(core, MAIL_BIT(MAIL_DONE, i), done[i], budget_owner);
    }
    return budget_owner;
}

struct thread *remote_look(struct core *core)
{
    const uint64_t words = mail_take_words(core);

    return (words & MAIL_BITS(MAIL_DONE)) != 0 ? handle_done(core) : handle_words(core, words);
}
