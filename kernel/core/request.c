/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls upon vCPUs and child PDs, here and from core to core. */
#include "kernel/core/request.h"

#include "kernel/core/child.h"
#include "kernel/core/doorbell.h"
#include "kernel/core/mail.h"
#include "kernel/core/posted_irq.h"
#include "kernel/core/ppc.h"
#include "kernel/core/route.h"
#include "kernel/core/sched.h"
#include "kernel/core/vcpu.h"
#include "kernel/core/vcpu_virq.h"

static uint32_t copy_counters(const struct thread *thread, uint64_t *words)
{
    for (uint32_t i = 0; i < SYSCALL_COUNTER_COUNT; i++) {
        words[i] = thread->counters[i];
    }
    return SYSCALL_COUNTER_COUNT;
}

_Static_assert((uint32_t)SYSCALL_COUNTER_COUNT <= ARCH_VCPU_REGISTER_WORDS,
               "counters fit where registers do");

enum syscall_status request_vcpu(struct vcpu *vcpu, uint64_t number, const uint64_t x[4], uint64_t *value,
                                 uint64_t words[ARCH_VCPU_REGISTER_WORDS], uint32_t *count)
{
    *count = 0;
    switch (number) {
    case SYSCALL_VCPU_START:
        vcpu_start(vcpu, x[1], x[2]);
        return SYSCALL_OK;
    case SYSCALL_VCPU_STOP:
        vcpu_stop(vcpu);
        return SYSCALL_OK;
    case SYSCALL_VCPU_READ_REGS:
        arch_vcpu_registers(vcpu, words);
        *count = ARCH_VCPU_REGISTER_WORDS;
        return SYSCALL_OK;
    case SYSCALL_VIRQ_CONFIGURE:
        return vcpu_virq_configure(vcpu, x[1], x[2]);
    case SYSCALL_VIRQ_SET:
        return vcpu_virq_set(vcpu, x[1], x[2], x[3]);
    case SYSCALL_VIRQ_GET:
        return vcpu_virq_get(vcpu, x[1], value);
    case SYSCALL_VIRQ_ENABLE:
        vcpu_virq_enable(vcpu, x[1] != 0);
        return SYSCALL_OK;
    case SYSCALL_DOORBELL_MOVE:
        return doorbell_move(vcpu, x[1], x[2]);
    case SYSCALL_VCPU_PAUSE:
        vcpu_pause(vcpu, x[1] != 0);
        return SYSCALL_OK;
    case SYSCALL_VCPU_READ_GROUP:
        *count = arch_vcpu_read_group(vcpu, x[1], words);
        return *count != 0 ? SYSCALL_OK : SYSCALL_INVALID;
    case SYSCALL_VCPU_WRITE_REGISTER:
        return arch_vcpu_write_register(vcpu, x[1], x[2]) ? SYSCALL_OK : SYSCALL_INVALID;
    default:
        *count = copy_counters(&vcpu->thread, words);
        return SYSCALL_OK;
    }
}

enum syscall_status request_child(struct pd *child, uint64_t number, uint64_t entry)
{
    switch (number) {
    case SYSCALL_PD_RESTART:
        child_restart(child, entry);
        break;
    case SYSCALL_PD_STOP:
        child_stop(child);
        break;
    default:
        child_resume(child);
        break;
    }
    return SYSCALL_OK;
}

static struct thread *child_of(const struct pd *pd, uint64_t id)
{
    struct kernel *kernel = pd->thread.core->kernel;
    const struct sysdesc_child *child = &pd->row->children[id];

    return child->kind == SYSDESC_CHILD_PD ? &kernel->pds[child->index].thread
                                           : &kernel->vcpus[child->index].thread;
}

static bool is_move(uint64_t number)
{
    return number == SYSCALL_VIRQ_MOVE;
}

/* The thread whose core does step `step`, NULL: there is none. */
static struct thread *target(const struct pd *pd, uint64_t number, const uint64_t x[4], uint32_t step)
{
    struct vcpu *route;

    switch (number) {
    case SYSCALL_VIRQ_MOVE:
        return step > 2 ? NULL : child_of(pd, step == 1 ? x[2] : x[0]);
    case SYSCALL_POST_ROUTE:
        /* One that is late is where the row leads now. */
        route = posted_irq_target(pd, &pd->row->channels[x[0]], x[1]);
        return step > 0 ? NULL : route != NULL ? &route->thread : child_of(pd, x[2]);
    case SYSCALL_VCPU_START:
    case SYSCALL_PD_RESTART:
    case SYSCALL_PD_RESUME:
        return step > 1 ? NULL : child_of(pd, x[0]);
    default:
        return step > 0 ? NULL : child_of(pd, x[0]);
    }
}

bool request_is_far(const struct pd *pd, uint64_t number)
{
    const uint64_t *x = pd->thread.context.x;

    /* Doorbells' places are atomic words. */
    if (number == SYSCALL_DOORBELL_MOVE) {
        return false;
    }
    if (is_move(number) && child_of(pd, x[2])->core != pd->thread.core) {
        return true;
    }
    return target(pd, number, x, 0)->core != pd->thread.core;
}

/* The first half of start, restart and resume: it runs no more. */
static void halt(struct thread *thread)
{
    if (thread->kind == THREAD_PD) {
        child_stop(kernel_pd(thread));
    } else {
        vcpu_stop(kernel_vcpu(thread));
    }
}

static void move_step(const struct pd *pd, struct request *request)
{
    struct vcpu *from = kernel_vcpu(child_of(pd, request->x[0]));
    struct vcpu *to = kernel_vcpu(child_of(pd, request->x[2]));

    if (request->step == 0) {
        route_pack(from, (uint32_t)request->x[1], to, &request->parcel);
    } else if (request->step == 1) {
        vcpu_virq_unpack(to, &request->parcel);
    } else {
        vcpu_virq_arrived(from, (uint32_t)request->x[1]);
    }
}

/* A step of the request of `pd`, on the core that it is for. */
static void perform(struct pd *pd)
{
    struct request *request = &pd->request;
    struct thread *thread;

    request->status = SYSCALL_OK;
    if (is_move(request->number)) {
        move_step(pd, request);
        return;
    }
    if (request->number == SYSCALL_POST_ROUTE) {
        request->status = posted_irq_route(pd, &pd->row->channels[request->x[0]], request->x[1],
                                           kernel_vcpu(child_of(pd, request->x[2])), request->x[3]);
        return;
    }
    thread = child_of(pd, request->x[0]);
    if (request->step == 0 && target(pd, request->number, request->x, 1) != NULL) {
        halt(thread);
    } else if (thread->kind == THREAD_PD) {
        request->status = request_child(kernel_pd(thread), request->number, request->x[1]);
    } else {
        request->status = request_vcpu(kernel_vcpu(thread), request->number, request->x, &request->value,
                                       request->words, &request->word_count);
    }
}

static void finish(struct pd *pd)
{
    const struct request *request = &pd->request;
    struct arch_context *context = &pd->thread.context;

    context->x[0] = request->status;
    if (request->number == SYSCALL_VIRQ_GET && request->status == SYSCALL_OK) {
        context->x[1] = request->value;
    }
    for (uint32_t i = 0; i < request->word_count; i++) {
        pd->words[i] = request->words[i];
    }
    pd->thread.state = THREAD_READY;
    sched_update(&pd->thread);
}

/* A thread that the first step has stopped has no fault on its way to us any more, and we forget the one that has come.
   What has come by the end of the second step is of the new life already. */
static void forget_fault(struct pd *pd)
{
    if (pd->request.step != 0) {
        return;
    }
    switch (pd->request.number) {
    case SYSCALL_VCPU_START:
    case SYSCALL_VCPU_STOP:
    case SYSCALL_PD_RESTART:
    case SYSCALL_PD_RESUME:
        ppc_cancel(child_of(pd, pd->request.x[0]));
        break;
    default:
        break;
    }
}

/* The next step, or the end. */
static void advance(struct pd *pd)
{
    struct request *request = &pd->request;
    struct thread *thread;

    while ((thread = target(pd, request->number, request->x, request->step)) != NULL) {
        if (thread->core != pd->thread.core) {
            request->is_busy = true;
            mail_post(thread->core, MAIL_REQUEST, kernel_number(&pd->thread));
            return;
        }
        perform(pd);
        request->step++;
    }
    finish(pd);
}

static void begin(struct pd *pd, uint64_t number)
{
    struct request *request = &pd->request;

    request->number = number;
    for (uint32_t i = 0; i < 4; i++) {
        request->x[i] = pd->thread.context.x[i];
    }
    request->step = 0;
    request->word_count = 0;
    advance(pd);
}

void request_send(struct pd *pd, uint64_t number)
{
    pd->thread.state = THREAD_REMOTE;
    sched_update(&pd->thread);
    /* What it had sent before it was restarted has to come back first. */
    if (!pd->request.is_busy) {
        begin(pd, number);
    }
}

void request_serve(struct pd *pd)
{
    perform(pd);
    mail_post(pd->thread.core, MAIL_DONE, kernel_number(&pd->thread));
}

void request_done(struct pd *pd)
{
    struct request *request = &pd->request;
    const bool waits = pd->thread.state == THREAD_REMOTE;

    request->is_busy = false;
    if (request->is_orphan) {
        request->is_orphan = false;
        if (waits) {
            begin(pd, pd->thread.context.x[7]);
        }
        return;
    }
    forget_fault(pd);
    request->step++;
    advance(pd);
}
