/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/sel4/irq_ends.h"

bool irq_ends_add(struct irq_ends *ends, uint32_t intid, microkit_channel channel)
{
    if (intid < LR_QUEUE_INTIDS) {
        ends->channels[intid] = channel + 1;
    }
    return intid < LR_QUEUE_INTIDS;
}

void irq_ends_ack(const struct irq_ends *ends, uint32_t intid)
{
    if (intid < LR_QUEUE_INTIDS && ends->channels[intid] != 0) {
        microkit_irq_ack(ends->channels[intid] - 1);
    }
}

void irq_ends_ack_all(const struct irq_ends *ends)
{
    for (uint32_t intid = 0; intid < LR_QUEUE_INTIDS; intid++) {
        irq_ends_ack(ends, intid);
    }
}
