/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * System calls upon vCPUs and child PDs, on whatever core.
 *
 * A thread is touched by its own core only: so a call upon one of another core is a request. It is in the
 * caller's struct, which waits (THREAD_REMOTE); MAIL_REQUEST hands it to the other core, MAIL_DONE back. Some
 * calls take several steps, for what one of a pair of cores has to know before the other goes on:
 *
 * - start and restart: first it stops where it is; then, as nothing can come any more, the caller's core
 * forgets the fault that may have been on its way to it; then it starts.
 * - an interrupt that moves is packed on one core, unpacked on the other, and only then may its end on the
 *   first one be told to the second.
 */
#pragma once

#include "kernel/core/kernel.h"

/** What a call upon a vCPU or child is about. The indices are sound, as in the caller's row. */
struct request_target {
    struct thread *thread; /**< the thread it is upon */
    struct vcpu *to;       /**< SYSCALL_VIRQ_MOVE, SYSCALL_POST_ROUTE: the other vCPU, else NULL */
};

/**
 * Carry out call `number` with arguments `x` upon `vcpu`, of this core. Results: x1 in `*value`, words in
 * `words` (`*count` of them).
 */
enum syscall_status request_vcpu(struct vcpu *vcpu, uint64_t number, const uint64_t x[4], uint64_t *value,
                                 uint64_t words[ARCH_VCPU_REGISTER_WORDS], uint32_t *count);

/** The same upon child PD `child`. */
enum syscall_status request_child(struct pd *child, uint64_t number, uint64_t entry);

/** Whether the call that `pd` makes has to do with another core. */
bool request_is_far(const struct pd *pd, uint64_t number);

/** `pd` makes such a call: it waits. */
void request_send(struct pd *pd, uint64_t number);

/** MAIL_REQUEST from `pd`: do the next step. */
void request_serve(struct pd *pd);

/** MAIL_DONE for `pd`. */
void request_done(struct pd *pd);
