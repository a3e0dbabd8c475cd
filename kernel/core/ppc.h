/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * Protected procedure calls and fault messages: both wait in a PD's list of callers, are taken one at a time
 * by its SYSCALL_WAIT, and end with its reply.
 */
#pragma once

#include "kernel/core/kernel.h"

/** SYSCALL_PPC of `pd` through its channel row: blocks it, or returns why not. */
enum syscall_status ppc_call(struct pd *pd, const struct sysdesc_channel *channel, uint64_t message_info);

/** Words of a message, by its info word. */
uint32_t ppc_message_count(uint64_t message_info);

/** `thread` stops, with `label` and `count` words as its message, until somebody replies. */
void ppc_stop(struct thread *thread, uint64_t label, const uint64_t *words, uint32_t count);

/** `thread`, stopped with its message, waits for `parent` to handle it. */
void ppc_send_fault(struct thread *thread, struct pd *parent);

/** MAIL_MESSAGE: `thread` of another core calls, or has faulted; on the core of the one that handles it. */
void ppc_take(struct thread *thread);
/** MAIL_CANCEL: its call is void, and answered by that; on the same core. */
void ppc_take_back(struct thread *thread);
/** MAIL_REPLY: the call of `thread`, of this core, is answered. */
void ppc_take_answer(struct thread *thread);
/** `thread` is to start again, and has a call at another core: have that send it back. */
void ppc_call_back(struct thread *thread);

/**
 * SYSCALL_WAIT's reply of `pd` to whoever it serves, if anybody. A PPC's caller goes on; a thread that has
 * faulted is returned, for the caller to see what the reply means to it.
 */
struct thread *ppc_reply(struct pd *pd, uint64_t message_info);

/** `pd` waits: hand it the first caller, if there is one. */
void ppc_deliver(struct pd *pd);

/**
 * `thread` is being stopped or restarted: it calls nobody and its fault is forgotten. If a PD of another core
 * handles that, it is forgotten when this is called there.
 */
void ppc_cancel(struct thread *thread);

/** `pd` will never reply to the thread it serves: a PPC's caller gets an empty answer. */
void ppc_abandon(struct pd *pd);

/** `pd` is dead: the same for everybody who waits for it. */
void ppc_abandon_all(struct pd *pd);
