/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * A kernel over the fake machine, for tests: describe PDs and vCPUs, boot, make system calls, look.
 *
 * PDs are numbered from 0; PD n has priority 10 * (n + 1), budget = period = 1000 us and no rights until the
 * test grants some in the rows before mock_kernel_boot().
 */
#pragma once

#include "kernel/core/boot.h"
#include "kernel/core/kernel.h"
#include "kernel/fake/arch_fake.h"

#define MOCK_KERNEL_PDS 8u
#define MOCK_KERNEL_VCPUS 4u
#define MOCK_KERNEL_IRQS 4u
#define MOCK_KERNEL_DOORBELLS 4u
#define MOCK_KERNEL_POSTS 4u
#define MOCK_KERNEL_ACCOUNTS 16u
#define MOCK_KERNEL_IPC_WORDS 512u /* a page */

/** The kernel under test and the tables it reads. */
struct mock_kernel {
    struct sysdesc desc;
    struct sysdesc_pd pds[MOCK_KERNEL_PDS];
    struct sysdesc_vcpu vcpus[MOCK_KERNEL_VCPUS];
    struct sysdesc_irq irqs[MOCK_KERNEL_IRQS];
    struct sysdesc_doorbell doorbells[MOCK_KERNEL_DOORBELLS];
    struct sysdesc_post posts[MOCK_KERNEL_POSTS];
    struct sysdesc_account accounts[MOCK_KERNEL_ACCOUNTS];
    struct sysdesc_klog log;
    uint64_t words[MOCK_KERNEL_PDS][MOCK_KERNEL_IPC_WORDS];
    struct kernel kernel;
};

/** A fresh one (heap, never NULL) with `pd_count` PDs and `vcpu_count` vCPUs of VMM 0; resets the machine. */
struct mock_kernel *mock_kernel_new(uint32_t pd_count, uint32_t vcpu_count);
/** Free it. */
void mock_kernel_free(struct mock_kernel *mock);

/** Join channel `a_channel` of PD `a` with `b_channel` of PD `b`; both may notify. */
void mock_kernel_join(struct mock_kernel *mock, uint16_t a, uint8_t a_channel, uint16_t b, uint8_t b_channel);

/** PD `pd` may have the VM of `vcpu` pay, as its client `id`. A PD's accounts are added in one go; VMM 0 has
 * its own. */
void mock_kernel_account(struct mock_kernel *mock, uint16_t pd, uint8_t id, uint16_t vcpu);

/** Make `child` the child of `parent` under `id`. */
void mock_kernel_adopt(struct mock_kernel *mock, uint16_t parent, uint16_t child, uint8_t id);

/** Boot what is described and let every PD run to its first wait, as after init(). */
void mock_kernel_boot(struct mock_kernel *mock);

/** PD number `index`. */
struct pd *mock_kernel_pd(struct mock_kernel *mock, uint32_t index);
/** vCPU number `index`. */
struct vcpu *mock_kernel_vcpu(struct mock_kernel *mock, uint32_t index);

/** PD `index` makes a system call; returns x0 afterwards (meaningless if it blocked). */
uint64_t mock_kernel_call(struct mock_kernel *mock, uint32_t index, uint64_t number, uint64_t a0, uint64_t a1,
                          uint64_t a2, uint64_t a3);

/** PD `index` waits, without flags. */
void mock_kernel_wait(struct mock_kernel *mock, uint32_t index);

/**
 * The thread that the scheduler picks now, with its registers in the (fake) hardware. Aborts if it picks another one, or
 * sets another time, when it looks at everything.
 */
struct thread *mock_kernel_pick(struct mock_kernel *mock);

/** Let time pass to `now`, with the interrupts of timers that were set for then. */
void mock_kernel_advance(struct mock_kernel *mock, uint64_t now);

/** Each core that was kicked looks at its mail, until none is; then core 0 goes on. */
void mock_kernel_look(struct mock_kernel *mock);
