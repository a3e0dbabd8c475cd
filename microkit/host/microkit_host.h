/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * The host provider of microkit.h: a recorder for unit tests and fuzzers.
 *
 * Every call that reaches the platform is kept in order; a test looks at the list, plays the other end by
 * calling the PD's own notified(), protected() and fault(), and sets or reads message words with the API's
 * microkit_mr_set() and microkit_mr_get(). Not thread-safe.
 */
#pragma once

#include <microkit.h>
#include <stddef.h>

enum microkit_host_kind {
    MICROKIT_HOST_NOTIFY,
    MICROKIT_HOST_DEFERRED_NOTIFY,
    MICROKIT_HOST_IRQ_ACK,
    MICROKIT_HOST_DEFERRED_IRQ_ACK,
    MICROKIT_HOST_PPCALL,     /**< value: message info word */
    MICROKIT_HOST_PD_RESTART, /**< value: entry point */
    MICROKIT_HOST_PD_STOP,
    MICROKIT_HOST_PD_RESUME,
    MICROKIT_HOST_VCPU_RESTART, /**< value: entry point */
    MICROKIT_HOST_VCPU_STOP,
    MICROKIT_HOST_VCPU_INJECT, /**< value: INTID */
    MICROKIT_HOST_VCPU_READ,   /**< value: register */
    MICROKIT_HOST_SMC          /**< value: x0 */
};

/** One recorded call. */
struct microkit_host_call {
    enum microkit_host_kind kind;
    unsigned int id; /**< channel or child id */
    seL4_Word value;
};

/** Calls kept; further ones are counted but not stored. */
#define MICROKIT_HOST_MAX_CALLS 1024u
/** Bytes of debug output kept. */
#define MICROKIT_HOST_TEXT_BYTES 8192u

/** Answers a PPC: may read and set message words; returns the reply. */
typedef microkit_msginfo (*microkit_host_ppc_fn)(void *context, microkit_channel ch,
                                                 microkit_msginfo msginfo);

/** Forget all calls, text and message words, grant all channels, name the PD "test", no PPC handler. */
void microkit_host_reset(void);

/** Forget recorded calls and text only. */
void microkit_host_forget(void);

/** Number of calls since the reset. */
size_t microkit_host_call_count(void);

/** Call number `index`, or NULL if there is none or it was not stored. Valid until the next reset. */
const struct microkit_host_call *microkit_host_call_at(size_t index);

/** How many stored calls were of `kind` for channel or child `id`. */
size_t microkit_host_count(enum microkit_host_kind kind, unsigned int id);

/** Have PPCs answered by `fn`. NULL: an empty message (label 0, no words). */
void microkit_host_set_ppc(microkit_host_ppc_fn fn, void *context);

/** Value that microkit_vcpu_arm_read_reg() returns from now on. */
void microkit_host_set_vcpu_register(seL4_Word value);

/** All debug output since the reset, NUL-terminated; what exceeds the buffer is dropped. */
const char *microkit_host_text(void);
