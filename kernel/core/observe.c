/* SPDX-License-Identifier: BSD-2-Clause */
/* What cores and threads have counted. */
#include "kernel/core/observe.h"

#include "lib/base/mem.h"

_Static_assert(SYSCALL_THREAD_WORDS <= 64, "it fits a message");
_Static_assert(SYSDESC_NAME_BYTES == 8 * SYSCALL_THREAD_NAME_WORDS, "a name is a row of words");

static enum syscall_status read_core(struct pd *pd, uint64_t id)
{
    const struct kernel *kernel = pd->thread.core->kernel;

    if (id >= kernel->desc->core_count) {
        return SYSCALL_INVALID;
    }
    for (uint32_t i = 0; i < SYSCALL_COUNTER_COUNT; i++) {
        pd->words[i] = __atomic_load_n(&kernel->cores[id].counters[i], __ATOMIC_RELAXED);
    }
    return SYSCALL_OK;
}

/* What it has run, and is running: who has a core for itself is not charged for long. */
static uint64_t run_ticks(struct thread *thread)
{
    const struct core *core = thread->core;
    const uint64_t charged = __atomic_load_n(&thread->counters[SYSCALL_COUNTER_RUN_TICKS], __ATOMIC_RELAXED);
    const uint64_t since = __atomic_load_n(&core->slice_start, __ATOMIC_RELAXED);
    const uint64_t now = arch_now();

    return __atomic_load_n(&core->current, __ATOMIC_RELAXED) == thread && now > since ? charged + now - since
                                                                                      : charged;
}

static enum syscall_status read_thread(struct pd *pd, uint64_t number)
{
    struct kernel *kernel = pd->thread.core->kernel;
    const uint64_t pd_count = kernel->desc->pd_count;

    if ((pd->row->flags & SYSDESC_PD_OBSERVER) == 0) {
        return SYSCALL_DENIED;
    }
    if (number >= pd_count + kernel->desc->vcpu_count) {
        return SYSCALL_INVALID;
    }
    const bool is_pd = number < pd_count;
    struct thread *thread = is_pd ? &kernel->pds[number].thread : &kernel->vcpus[number - pd_count].thread;
    const uint16_t parent =
        is_pd ? kernel->pds[number].row->parent : kernel->vcpus[number - pd_count].row->parent;
    const char *name = is_pd ? kernel->pds[number].row->name : kernel->vcpus[number - pd_count].row->name;

    for (uint32_t i = 0; i < SYSCALL_COUNTER_COUNT; i++) {
        pd->words[i] = __atomic_load_n(&thread->counters[i], __ATOMIC_RELAXED);
    }
    pd->words[SYSCALL_COUNTER_RUN_TICKS] = run_ticks(thread);
    pd->words[SYSCALL_THREAD_PLACE] =
        thread->core->id | (uint64_t)thread->priority << 8 | (uint64_t)(is_pd ? 0 : 1) << 16 |
        (uint64_t)__atomic_load_n(&thread->state, __ATOMIC_RELAXED) << 24 | (uint64_t)parent << 32;
    memcpy(&pd->words[SYSCALL_THREAD_NAME], name, SYSDESC_NAME_BYTES);
    return SYSCALL_OK;
}

enum syscall_status observe_counters(struct pd *pd, uint64_t what)
{
    return what < SYSCALL_COUNTERS_THREAD ? read_core(pd, what)
                                          : read_thread(pd, what - SYSCALL_COUNTERS_THREAD);
}
