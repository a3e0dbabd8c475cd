/* SPDX-License-Identifier: BSD-2-Clause */
/* The kernel tells of pauses, ends of slices among them, in two words behind the message (sysdesc.h). */
#include "pd/vswitch/pause.h"

#include "kernel/include/sysdesc.h"

static uint64_t *pause_word(uint32_t index)
{
    return &((uint64_t *)SYSDESC_PD_IPC_BUFFER)[index];
}

static uint64_t pause_bit(const void *context)
{
    return 1ull << ((const struct pause *)context)->port->link.channel;
}

bool pause_take(void *context)
{
    const uint64_t bit = pause_bit(context);

    return (__atomic_fetch_and(pause_word(SYSDESC_PAUSED_WORD), ~bit, __ATOMIC_ACQ_REL) & bit) != 0;
}

void pause_arm(void *context)
{
    (void)__atomic_fetch_or(pause_word(SYSDESC_PAUSE_ARMED_WORD), pause_bit(context), __ATOMIC_ACQ_REL);
}

/* It tells in any case. */
uint64_t pause_deadline(const struct pause *pauses, uint32_t count)
{
    (void)pauses;
    (void)count;
    return PAUSE_NEVER;
}

void pause_expire(struct pause *pauses, uint32_t count, uint64_t now)
{
    (void)pauses;
    (void)count;
    (void)now;
}
