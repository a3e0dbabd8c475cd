/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel tells of pauses, ends of slices among them, in two words behind the message (sysdesc.h). */
#include "pd/vswitch/vcpu_idle.h"

#include "kernel/include/sysdesc.h"

static uint64_t *idle_word(uint32_t index)
{
    return &((uint64_t *)SYSDESC_PD_IPC_BUFFER)[index];
}

static uint64_t idle_bit(const void *context)
{
    return 1ull << ((const struct vcpu_idle *)context)->port->link.channel;
}

bool vcpu_idle_take(void *context)
{
    const uint64_t bit = idle_bit(context);

    return (__atomic_fetch_and(idle_word(SYSDESC_IDLE_WORD), ~bit, __ATOMIC_ACQ_REL) & bit) != 0;
}

void vcpu_idle_arm(void *context)
{
    (void)__atomic_fetch_or(idle_word(SYSDESC_IDLE_ARMED_WORD), idle_bit(context), __ATOMIC_ACQ_REL);
}

/* It tells in any case. */
uint64_t vcpu_idle_deadline(const struct vcpu_idle *vcpus, uint32_t count)
{
    (void)vcpus;
    (void)count;
    return VCPU_IDLE_NEVER;
}

void vcpu_idle_expire(struct vcpu_idle *vcpus, uint32_t count, uint64_t now)
{
    (void)vcpus;
    (void)count;
    (void)now;
}
