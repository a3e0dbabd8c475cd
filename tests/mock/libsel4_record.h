/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * libsel4's calls for host tests of vmm/platform_sel4.c: recorded, and answered from a model of one thread,
 * its vCPU and its list registers. As on seL4, every call overwrites the message words.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <microkit.h>

#define LIBSEL4_LRS 4u
#define LIBSEL4_MAX_CALLS 256u

enum libsel4_kind {
    LIBSEL4_READ_REGISTERS,  /**< a: suspend_source, b: count */
    LIBSEL4_WRITE_REGISTERS, /**< a: resume_target, b: count, c: pc */
    LIBSEL4_SUSPEND,
    LIBSEL4_RESUME,
    LIBSEL4_INJECT,    /**< a: virq, b: priority, c: group << 8 | index */
    LIBSEL4_ACK_VPPI,  /**< a: irq */
    LIBSEL4_READ_VCPU, /**< a: field */
    LIBSEL4_WRITE_VCPU /**< a: field, b: value */
};

/** One call in order. */
struct libsel4_call {
    enum libsel4_kind kind;
    seL4_CPtr service;
    seL4_Word a, b, c;
};

/** The model; tests look and change as they like. */
struct libsel4_record {
    struct libsel4_call calls[LIBSEL4_MAX_CALLS];
    size_t call_count;
    seL4_UserContext context;
    bool runs; /**< by seL4_TCB_Resume or WriteRegisters; Suspend ends it */
    seL4_Word vcpu[seL4_VCPUReg_Num];
    uint32_t lr_count;              /**< InjectIRQ into others is a RangeError */
    uint32_t lr_intid[LIBSEL4_LRS]; /**< 0: empty */
};

/** The one instance. */
extern struct libsel4_record libsel4;

/** Power-on state: stopped, nothing recorded, all list registers empty. */
void libsel4_reset(void);

/** Forget recorded calls only. */
void libsel4_forget(void);

/** How many calls of `kind` were recorded. */
size_t libsel4_count(enum libsel4_kind kind);

/** The last call of `kind`, or NULL. */
const struct libsel4_call *libsel4_last(enum libsel4_kind kind);
