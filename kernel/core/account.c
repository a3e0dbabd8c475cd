/* SPDX-License-Identifier: BSD-2-Clause */
/* Who pays for what a PD does. */
#include "kernel/core/account.h"

#include "kernel/core/sched.h"

/* Clients that are charged at once; the others' turn comes at the next time. So a service's end of work takes
   no longer the more clients it has. */
#define CLAIMS_MAX 8u

void account_init(struct kernel *kernel, struct pd *pd)
{
    for (uint32_t i = 0; i < pd->row->account_count; i++) {
        const struct sysdesc_account *row = &kernel->accounts[pd->row->account_first + i];
        struct vcpu *vcpu = &kernel->vcpus[row->vcpu];

        pd->accounts |= 1ull << row->id;
        pd->account_vcpus[row->id] = row->vcpu;
        if (vcpu->row->parent == pd->thread.index) {
            pd->own_vm = vcpu;
        }
    }
}

/* Which of a VM's vCPUs pays: the one that asked while it has something left, else the one that has most. */
static struct vcpu *paying_vcpu(struct vcpu *asked)
{
    struct vcpu *vcpus = asked->thread.core->kernel->vcpus;
    struct vcpu *best = asked;

    if (asked->vm_count == 1 || (asked->thread.state != THREAD_OFF && asked->thread.own.remaining > 0)) {
        return asked;
    }
    for (uint32_t i = 0; i < asked->vm_count; i++) {
        struct vcpu *vcpu = &vcpus[asked->vm_first + i];

        if (vcpu->thread.core == asked->thread.core && vcpu->thread.state != THREAD_OFF &&
            (best->thread.state == THREAD_OFF || vcpu->thread.own.remaining > best->thread.own.remaining)) {
            best = vcpu;
        }
    }
    return best;
}

static void pay(struct pd *pd, struct thread *client, uint64_t used, uint64_t now)
{
    /* Another core's budgets are its own: it takes what is owed to here when it charges the vCPU. */
    if (client->core != pd->thread.core) {
        if (client->kind == THREAD_VCPU) {
            __atomic_fetch_add(&kernel_vcpu(client)->debt, used, __ATOMIC_RELAXED);
        }
        return;
    }
    if (client->kind == THREAD_VCPU) {
        client = &paying_vcpu(kernel_vcpu(client))->thread;
    }
    sched_pay(client, used, now);
}

/* The thread that `pd` works for now, or NULL. */
static struct thread *current_client(const struct pd *pd)
{
    struct kernel *kernel = pd->thread.core->kernel;

    if (pd->own_vm != NULL) {
        return &pd->own_vm->thread;
    }
    if (pd->accounts != 0) {
        const uint64_t untrusted_id = __atomic_load_n(&pd->words[SYSDESC_ACCOUNT_WORD], __ATOMIC_RELAXED);

        if (untrusted_id < 64 && (pd->accounts >> untrusted_id & 1) != 0) {
            return &kernel->vcpus[pd->account_vcpus[untrusted_id]].thread;
        }
    }
    return pd->sponsor;
}

void account_ask(struct thread *asker, struct pd *pd)
{
    struct thread *client = asker;

    if (pd->own_vm != NULL || pd->thread.priority <= asker->priority || pd->thread.core != asker->core) {
        return;
    }
    if (asker->kind == THREAD_PD) {
        struct thread *behind = current_client(kernel_pd(asker));

        client = behind != NULL ? behind : asker;
    }
    pd->sponsor = client;
}

/* Ticks of client `id` as the PD counted them, at most the `time` there is to claim. */
static uint64_t counted(const struct pd *pd, uint32_t id, uint64_t time)
{
    const uint64_t untrusted_ticks =
        __atomic_load_n(&pd->words[SYSDESC_ACCOUNT_TICKS_WORD + id], __ATOMIC_RELAXED);

    return untrusted_ticks < time ? untrusted_ticks : time;
}

/* Divide pd->unclaimed as the PD says. If it claims more, as when others have preempted it, in proportion.
   Returns false if some of its clients are left for the next time. */
static bool claim(struct pd *pd, uint64_t now)
{
    uint64_t *word = &pd->words[SYSDESC_ACCOUNTS_WORD];
    uint64_t ids = __atomic_load_n(word, __ATOMIC_RELAXED) & pd->accounts;
    uint64_t some = 0, sum = 0;
    const uint64_t time = pd->unclaimed;

    for (uint32_t n = 0; n < CLAIMS_MAX && ids != 0; n++, ids &= ids - 1) {
        some |= ids & -ids;
        sum += counted(pd, (uint32_t)__builtin_ctzll(ids), time);
    }
    __atomic_store_n(word, ids, __ATOMIC_RELAXED);
    for (; some != 0; some &= some - 1) {
        const uint32_t id = (uint32_t)__builtin_ctzll(some);
        const uint64_t ticks = counted(pd, id, time);
        const uint64_t used = sum <= time ? ticks : ticks * time / sum;

        __atomic_store_n(&pd->words[SYSDESC_ACCOUNT_TICKS_WORD + id], 0, __ATOMIC_RELAXED);
        pd->unclaimed -= used;
        pay(pd, &pd->thread.core->kernel->vcpus[pd->account_vcpus[id]].thread, used, now);
    }
    return ids == 0;
}

void account_charge(struct pd *pd, uint64_t used, uint64_t now)
{
    if (pd->own_vm != NULL) {
        pay(pd, &pd->own_vm->thread, used, now);
        return;
    }
    /* A passive server runs on its caller's budget. */
    if (pd->accounts == 0 && (pd->sponsor == NULL || pd->sponsor->budget_owner == pd->thread.budget_owner)) {
        return;
    }
    pd->unclaimed += used;
    /* Products of two times have to fit. */
    if (pd->unclaimed > UINT32_MAX) {
        pd->unclaimed = UINT32_MAX;
    }
    if ((pd->accounts != 0 && !claim(pd, now)) || pd->thread.state == THREAD_READY) {
        return;
    }
    if (pd->sponsor != NULL) {
        pay(pd, pd->sponsor, pd->unclaimed, now);
    }
    pd->unclaimed = 0;
    /* A driver goes on for whoever asked when its device answers; who has no rows does so on its own account.
     */
    if (pd->accounts == 0) {
        pd->sponsor = NULL;
    }
}
